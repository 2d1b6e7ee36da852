"""How far models differ, per element."""

from __future__ import annotations

import torch

from amalgam_worker.native import variance as native
from amalgam_worker.tensors.buffers import Scratch


def variance(vectors: list[torch.Tensor], scratch: Scratch) -> torch.Tensor:
    """Population variance over N vectors of shape [n]; float32 [n], valid until the next call.

    It is zero where all are equal, being taken of the differences to the first vector, and the same whichever
    model has which value, being rounded from float64: many elements are alike but for that.
    """
    call = native.VARIANCE.serving(vectors[0])
    if call is None:
        return eager_variance(vectors, scratch)
    result = scratch.take("variance", vectors[0].numel(), torch.float32)
    native.variance(call, vectors, result)
    return result


def eager_variance(vectors: list[torch.Tensor], scratch: Scratch) -> torch.Tensor:
    """`variance` by torch."""
    first, *others = vectors
    elements = first.numel()
    mean, difference, total = (
        scratch.take(name, elements, torch.float64) for name in ("mean", "difference", "squares")
    )
    mean.zero_()
    for vector in others:
        mean.add_(difference.copy_(vector).sub_(first))
    # Dividing takes several times as long.
    share = 1 / len(vectors)
    mean.mul_(share)
    torch.mul(mean, mean, out=total)
    for vector in others:
        difference.copy_(vector).sub_(first).sub_(mean)
        # Not addcmul_, which rounds once or twice, as the machine has it.
        total.add_(difference.square_())
    return scratch.take("variance", elements, torch.float32).copy_(total.mul_(share))


def keep_where_positive(vectors: list[torch.Tensor], chosen: torch.Tensor) -> None:
    """Zeroes vectors, in place, where `chosen` is not above zero; [n] all. It may be overwritten."""
    call = native.KEEP_WHERE_POSITIVE.serving(vectors[0])
    if call is None:
        eager_keep_where_positive(vectors, chosen)
    else:
        native.keep_where_positive(call, vectors, chosen)


def eager_keep_where_positive(vectors: list[torch.Tensor], chosen: torch.Tensor) -> None:
    """`keep_where_positive` by torch."""
    torch.gt(chosen, 0, out=chosen)
    for vector in vectors:
        vector.mul_(chosen)
