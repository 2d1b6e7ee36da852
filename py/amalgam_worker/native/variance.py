"""Variance over models; see `kernels.variance`."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from amalgam_worker.native.kernel import COUNT, POINTER, Call, Kernel, addresses

VARIANCE = Kernel("amalgam_variance", POINTER, COUNT, COUNT, POINTER)
KEEP_WHERE_POSITIVE = Kernel("amalgam_keep_where_positive", POINTER, COUNT, COUNT, POINTER)


def variance(call: Call, vectors: Sequence[torch.Tensor], result: torch.Tensor) -> None:
    """Fills the result, [n], from N vectors of shape [n]."""
    call(addresses(vectors), len(vectors), result.numel(), result.data_ptr())


def keep_where_positive(call: Call, vectors: Sequence[torch.Tensor], chosen: torch.Tensor) -> None:
    """Zeroes the vectors in place; [n] all."""
    call(addresses(vectors), len(vectors), chosen.numel(), chosen.data_ptr())
