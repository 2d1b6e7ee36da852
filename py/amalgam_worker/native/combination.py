"""Linear combinations; see `kernels.combination`."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from amalgam_worker.native.kernel import COUNT, NUMBER, POINTER, Call, Kernel, numbers, stored

COMBINE = Kernel("amalgam_combine", POINTER, POINTER, COUNT, POINTER, COUNT, NUMBER, POINTER)


def combine(
    call: Call,
    vectors: Sequence[torch.Tensor],
    coefficients: Sequence[float],
    base: torch.Tensor | None,
    result: torch.Tensor,
    divisor: float = 1,
) -> torch.Tensor:
    """The combination, or without a base what it gives divided, in the float32 result, [n].

    That may be one of the vectors. Vectors and base are as they are stored.
    """
    start = None if base is None else stored([base])
    count, elements = len(vectors), result.numel()
    call(stored(vectors), numbers(coefficients), count, start, elements, divisor, result.data_ptr())
    return result
