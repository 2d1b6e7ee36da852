"""Task vectors of models as they are stored."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from amalgam_worker.native.kernel import COUNT, POINTER, Call, Kernel, addresses, stored

SUBTRACT = Kernel("amalgam_subtract", POINTER, POINTER, COUNT, COUNT, POINTER)


def subtract(
    call: Call, vectors: Sequence[torch.Tensor], base: torch.Tensor, results: Sequence[torch.Tensor]
) -> None:
    """Fills the float32 results, [n] each, which may be the vectors; these and the base are as stored."""
    call(stored(vectors), stored([base]), len(vectors), base.numel(), addresses(results))
