"""Variance over models; see `kernels.variance`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch

from amalgam_worker.native.kernel import COUNT, POINTER, Call, Kernel, addresses

VARIANCE = Kernel("amalgam_variance", POINTER, POINTER, COUNT, COUNT, POINTER)
SELECT = Kernel("amalgam_select", POINTER, POINTER, COUNT, COUNT, POINTER, COUNT)


def variance(call: Call, vectors: Sequence[torch.Tensor], base: torch.Tensor, result: torch.Tensor) -> None:
    """Fills the result, [n], from N vectors of shape [n]."""
    call(addresses(vectors), base.data_ptr(), len(vectors), result.numel(), result.data_ptr())


def select(
    call: Call, vectors: Sequence[torch.Tensor], base: torch.Tensor, cut: Sequence[int], first_block: int
) -> None:
    """Makes the vectors selected task vectors; threshold, block and kept are the cut."""
    packed = (ctypes.c_int64 * 3)(*cut)
    call(addresses(vectors), base.data_ptr(), len(vectors), base.numel(), packed, first_block)
