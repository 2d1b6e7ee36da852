"""Random masks; see `kernels.keep_mask` and `kernels.drop_by_rank`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch

from amalgam_worker.native.kernel import COUNT, POINTER, WHOLE, Call, Kernel

DROP_AT_RANDOM = Kernel("amalgam_drop_at_random", POINTER, COUNT, POINTER, COUNT, WHOLE)
DROP_BY_RANK = Kernel("amalgam_drop_by_rank", POINTER, COUNT, COUNT, POINTER, POINTER, COUNT)


def drop_at_random(call: Call, values: torch.Tensor, key: tuple[int, int], low: int, limit: int) -> None:
    """Zeroes, in place, what has no word above the limit; [n] from place `low` of a block on."""
    call(values.data_ptr(), values.numel(), _words([key]), low, limit)


def drop_by_rank(
    call: Call, values: torch.Tensor, limits: torch.Tensor, keys: Sequence[tuple[int, int]], low: int
) -> None:
    """What `kernels.drop_by_rank` tells; limits ascend."""
    columns = len(limits)
    call(values.data_ptr(), values.numel() // columns, columns, limits.data_ptr(), _words(keys), low)


def _words(keys: Sequence[tuple[int, int]]) -> ctypes.Array[ctypes.c_int32]:
    return (ctypes.c_int32 * (2 * len(keys)))(*[word for key in keys for word in key])
