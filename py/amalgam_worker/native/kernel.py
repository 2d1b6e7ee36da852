"""A function of the compiled library, and how tensors are handed to it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence

import torch

# Called without the interpreter's lock.
Call = Callable[..., int]

POINTER, COUNT, NUMBER, WHOLE = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double, ctypes.c_int32


class Kernel:
    """One exported function, which returns an int64; `call` is None until it has proved itself.

    Args:
        symbol: its name in the library.
        arguments: ctypes types of what it takes.
    """

    __slots__ = ("arguments", "call", "symbol")

    def __init__(self, symbol: str, *arguments: type) -> None:
        self.symbol = symbol
        self.arguments = arguments
        self.call: Call | None = None

    def serving(self, values: torch.Tensor) -> Call | None:
        """The function where it can be used for values like these: float32 in the host's memory."""
        return self.call if values.is_cpu and values.dtype == torch.float32 else None


def addresses(tensors: Sequence[torch.Tensor]) -> ctypes.Array[ctypes.c_void_p]:
    """An array of pointers to contiguous tensors, which must be kept alive."""
    return (ctypes.c_void_p * len(tensors))(*[tensor.data_ptr() for tensor in tensors])


def numbers(values: Sequence[float]) -> ctypes.Array[ctypes.c_double]:
    """An array of doubles."""
    return (ctypes.c_double * len(values))(*values)


# As the sources number the types of stored elements.
STORED_TYPES = {torch.float32: 0, torch.bfloat16: 1, torch.float16: 2}


def stored(tensors: Sequence[torch.Tensor]) -> ctypes.Array[ctypes.c_int64]:
    """An array of pointers to contiguous tensors of STORED_TYPES, which must be kept alive, and of types."""
    pairs = [number for tensor in tensors for number in (tensor.data_ptr(), STORED_TYPES[tensor.dtype])]
    return (ctypes.c_int64 * len(pairs))(*pairs)
