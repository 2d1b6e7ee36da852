"""Consensus on the sign of each element."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.fused_election import fused_agreeing_sums
from amalgam_worker.native.election import ELECTION, elect
from amalgam_worker.tensors.buffers import Scratch


def elected_sum(vectors: list[torch.Tensor], weights: list[float] | None, scratch: Scratch) -> torch.Tensor:
    """Sums, of weighted task vectors, the elements whose sign is that of the sum over all models.

    The elected sign is +1 where the sum is >= 0, else -1; zeros match neither. With `weights` the result is
    divided by the weights of the models that took part, or by 1 where these sum to exactly zero.

    Source: Yadav et al. 2023, arXiv:2306.01708, section 3 (elect, disjoint merge), on weighted vectors.

    Args:
        vectors: N of shape [n]; overwritten.
        weights: N factors that the vectors already carry, or None for the plain sum.
    Returns:
        Shape [n]; valid until the next call with this scratch.
    """
    total, divisor = agreeing_sums(vectors, [1.0] * len(vectors), weights, scratch)
    if weights is not None:
        share = scratch.take("election share", total.numel(), total.dtype)
        divisor.add_(torch.eq(divisor, 0, out=share))
        total.div_(divisor)
    return total


def agreeing_sums(
    vectors: list[torch.Tensor],
    factors: list[float],
    weights: list[float] | None,
    scratch: Scratch,
    sign_of_zero: int = 1,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Sums the elements whose sign is that of the sum over all models, and the weights of their models.

    Args:
        vectors: N of shape [n]; overwritten.
        factors: N; each vector is multiplied by its own once the signs are elected.
        weights: N, or None if their sums are not needed.
        sign_of_zero: elected where the sum over all models is zero, 1 or -1.
    Returns:
        Sums of elements and of weights, 0 without weights; [n] both, valid until the next call.
    """
    call = ELECTION.serving(vectors[0])
    if call is None:
        fused = fused_agreeing_sums(vectors, factors, weights, sign_of_zero)
        return fused or eager_agreeing_sums(vectors, factors, weights, scratch, sign_of_zero)
    elements, dtype = vectors[0].numel(), vectors[0].dtype
    total = scratch.take("election total", elements, dtype)
    divisor = scratch.take("election divisor", elements, dtype)
    elect(call, vectors, factors, weights, sign_of_zero, total, divisor)
    return total, divisor


def eager_agreeing_sums(
    vectors: list[torch.Tensor],
    factors: list[float],
    weights: list[float] | None,
    scratch: Scratch,
    sign_of_zero: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """`agreeing_sums` by torch."""
    elements, dtype = vectors[0].numel(), vectors[0].dtype
    total = scratch.take("election total", elements, dtype).copy_(vectors[0])
    for vector in vectors[1:]:
        total.add_(vector)
    is_plus = torch.ge if sign_of_zero > 0 else torch.gt
    sign = is_plus(total, 0, out=scratch.take("election sign", elements, dtype)).mul_(2).sub_(1)
    share = scratch.take("election share", elements, dtype)
    divisor = scratch.take("election divisor", elements, dtype)
    total.zero_()
    divisor.zero_()
    for number, vector in enumerate(vectors):
        # Turned so that the elected sign is positive: what agrees is what is above zero, and NaN stays NaN.
        torch.relu_(vector.mul_(sign))
        if weights is not None:
            divisor.add_(torch.gt(vector, 0, out=share), alpha=weights[number])
        # A product and a sum, rounded apart: where they are fused is not the same everywhere.
        total.add_(vector.mul_(factors[number]))
    return total.mul_(sign), divisor
