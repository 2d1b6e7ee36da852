"""Linear combinations; see `kernels.combination`."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from amalgam_worker.native.kernel import COUNT, POINTER, Call, Kernel, addresses, numbers

COMBINE = Kernel("amalgam_combine", POINTER, POINTER, COUNT, POINTER, COUNT, POINTER)


def combine(
    call: Call, vectors: Sequence[torch.Tensor], coefficients: Sequence[float], base: torch.Tensor | None
) -> torch.Tensor:
    """The combination, [n], in the place of the first vector."""
    result = vectors[0]
    start = None if base is None else base.data_ptr()
    count, elements = len(vectors), result.numel()
    call(addresses(vectors), numbers(coefficients), count, start, elements, result.data_ptr())
    return result
