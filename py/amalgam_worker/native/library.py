"""Loads the library and puts those of its kernels to use that give the bits of torch."""

from __future__ import annotations

import ctypes
from pathlib import Path

import torch

from amalgam_worker.native.agreement import recall, remember
from amalgam_worker.native.kernel import Call, Kernel
from amalgam_worker.native.table import TABLE


class LoadError(Exception):
    """Why the library cannot be used; one line."""


def load(path: Path) -> list[str]:
    """Loads the library, compares its kernels with torch, and takes them into use, at once for all threads.

    Returns:
        the symbols of kernels that are left out, because they are missing or differ.

    Raises:
        LoadError: the system cannot load it.
    """
    library = _open(path)
    unload()
    with torch.inference_mode():
        calls = [(kernel, agrees, _call(library, kernel)) for kernel, agrees in TABLE]
        left_out = [kernel.symbol for kernel, agrees, call in calls if call is None or not agrees(call)]
    _take(library, left_out)
    remember(path, left_out)
    return left_out


def load_compared(path: Path) -> list[str]:
    """The same, without comparing what this torch has been compared with before on this processor."""
    left_out = recall(path)
    if left_out is None:
        return load(path)
    _take(_open(path), left_out)
    return left_out


def unload() -> None:
    """Lets torch do everything again."""
    for kernel, _ in TABLE:
        kernel.call = None


def in_use() -> list[Kernel]:
    """The kernels that are used now."""
    return [kernel for kernel, _ in TABLE if kernel.call is not None]


def _open(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise LoadError(str(error)) from error


def _take(library: ctypes.CDLL, left_out: list[str]) -> None:
    for kernel, _ in TABLE:
        kernel.call = None if kernel.symbol in left_out else _call(library, kernel)


def _call(library: ctypes.CDLL, kernel: Kernel) -> Call | None:
    function = getattr(library, kernel.symbol, None)
    if function is None:
        return None
    function.argtypes, function.restype = kernel.arguments, ctypes.c_int64
    call: Call = function
    return call
