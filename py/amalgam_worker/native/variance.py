"""Variance over models, and what is made of it; see `kernels.variance`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch

from amalgam_worker.native.kernel import COUNT, NUMBER, POINTER, WHOLE, Call, Kernel, numbers, stored
from amalgam_worker.tensors.buffers import Scratch

VARIANCE = Kernel("amalgam_variance", POINTER, POINTER, COUNT, COUNT, POINTER)
SIFT_VARIANCES = Kernel(
    "amalgam_sift_variances",
    *(POINTER, POINTER, COUNT, COUNT, WHOLE, WHOLE, COUNT),
    *(POINTER, POINTER, POINTER, POINTER, COUNT, POINTER, POINTER),
)
MERGE_SELECTED = Kernel(
    "amalgam_merge_selected", POINTER, POINTER, COUNT, COUNT, POINTER, COUNT, POINTER, NUMBER, POINTER
)

_BLOCK = 65_536


def variance(call: Call, vectors: Sequence[torch.Tensor], base: torch.Tensor, result: torch.Tensor) -> None:
    """Fills the result, float32 [n], from N vectors of shape [n], as they are stored."""
    call(stored(vectors), stored([base]), len(vectors), result.numel(), result.data_ptr())


def sift_variances(
    call: Call,
    vectors: Sequence[torch.Tensor],
    base: torch.Tensor,
    low: int,
    high: int,
    first_block: int,
    scratch: Scratch,
) -> tuple[int, int, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The attributes of `Sifted`, in their order."""
    count, elements = len(vectors), base.numel()
    found = scratch.take("found", 3 * elements, torch.int32).view(3, elements)
    squares = scratch.take("squares", elements * count, torch.float64).view(elements, count)
    energies = torch.empty(-(-elements // _BLOCK), count, dtype=torch.float64)
    told = (ctypes.c_int64 * 3)()
    call(
        stored(vectors),
        stored([base]),
        count,
        elements,
        low,
        high,
        first_block,
        scratch.take("patterns", _BLOCK, torch.int32).data_ptr(),
        scratch.take("values", _BLOCK * count, torch.float32).data_ptr(),
        found.data_ptr(),
        squares.data_ptr(),
        elements,
        energies.data_ptr(),
        told,
    )
    rows, above, nonzero = told
    return above, nonzero, energies, found[:, :rows].clone(), squares[:rows].clone()


def merge_selected(
    call: Call,
    vectors: Sequence[torch.Tensor],
    base: torch.Tensor,
    cut: Sequence[int],
    first_block: int,
    weights: Sequence[float],
    least: float,
    result: torch.Tensor,
) -> None:
    """Fills the result, float32 [n]; threshold, block and kept are the cut."""
    packed = (ctypes.c_int64 * 3)(*cut)
    call(
        stored(vectors),
        stored([base]),
        len(vectors),
        base.numel(),
        packed,
        first_block,
        numbers(weights),
        least,
        result.data_ptr(),
    )
