"""How far models differ, per element, and what is left where they differ most."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.top_k import Cut, keep_largest
from amalgam_worker.native import variance as native
from amalgam_worker.tensors.buffers import Scratch


def variance(vectors: list[torch.Tensor], base: torch.Tensor, scratch: Scratch) -> torch.Tensor:
    """Population variance, over N vectors, of their differences to the base.

    It is zero where all are equal, being taken of the differences to the first vector, and the same whichever
    model has which value, being rounded from float64: many elements are alike but for that.

    Args:
        vectors: N of shape [n]; may be overwritten.
        base: [n].
    Returns:
        float32 [n], valid until the next call with this scratch.
    """
    call = native.VARIANCE.serving(base)
    if call is None:
        return eager_variance(vectors, base, scratch)
    result = scratch.take("variance", base.numel(), torch.float32)
    native.variance(call, vectors, base, result)
    return result


def eager_variance(vectors: list[torch.Tensor], base: torch.Tensor, scratch: Scratch) -> torch.Tensor:
    """`variance` by torch; the vectors become differences to the base."""
    for vector in vectors:
        vector.sub_(base)
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


def select_by_variance(
    vectors: list[torch.Tensor], base: torch.Tensor, cut: Cut, first_block: int, scratch: Scratch
) -> None:
    """Makes vectors differences to the base, in place, and zeroes all where their variance is not selected.

    Args:
        vectors: N of shape [n], from the beginning of block `first_block` on.
        base: [n].
        cut: the variances before it are selected if they are above zero; none if it keeps none.
    """
    call = native.SELECT.serving(base)
    if call is None:
        eager_select_by_variance(vectors, base, cut, first_block, scratch)
    else:
        native.select(call, vectors, base, (cut.threshold, cut.block, cut.kept), first_block)


def eager_select_by_variance(
    vectors: list[torch.Tensor], base: torch.Tensor, cut: Cut, first_block: int, scratch: Scratch
) -> None:
    """`select_by_variance` by torch."""
    chosen = eager_variance(vectors, base, scratch)
    if cut.kept == 0:
        chosen.zero_()
    else:
        keep_largest(chosen, cut, first_block, scratch)
        torch.gt(chosen, 0, out=chosen)
    for vector in vectors:
        vector.mul_(chosen)
