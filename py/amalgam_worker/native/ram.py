"""RAM; see `methods.ram`."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from amalgam_worker.native.kernel import COUNT, NUMBER, POINTER, Call, Kernel, numbers, stored

MERGE_ACTIVE = Kernel("amalgam_merge_active", POINTER, POINTER, COUNT, COUNT, NUMBER, POINTER, POINTER)
COUNT_ACTIVE = Kernel("amalgam_count_active", POINTER, POINTER, COUNT, COUNT, NUMBER, POINTER)


def merge_active(
    call: Call,
    vectors: Sequence[torch.Tensor],
    base: torch.Tensor,
    epsilon: float,
    boosts: Sequence[float] | None,
    result: torch.Tensor,
) -> torch.Tensor:
    """The base plus the mean of the active entries of N vectors less the base, in the float32 result, [n].

    Vectors and base are as they are stored.

    Args:
        boosts: N; entries of one vector alone are multiplied by its own, if there are any.
    """
    factors = None if boosts is None else numbers(boosts)
    call(stored(vectors), stored([base]), len(vectors), len(base), epsilon, factors, result.data_ptr())
    return result


def count_active(
    call: Call, vectors: Sequence[torch.Tensor], base: torch.Tensor, epsilon: float
) -> torch.Tensor:
    """Per vector how many of its active entries are shared and how many are its own; int64 [N, 2]."""
    counts = torch.zeros(len(vectors), 2, dtype=torch.int64)
    call(stored(vectors), stored([base]), len(vectors), len(base), epsilon, counts.data_ptr())
    return counts
