"""How far models differ, per element, and what is made of where they differ most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from amalgam_worker.kernels.gram import squared_norms
from amalgam_worker.kernels.sign_election import agreeing_sums
from amalgam_worker.kernels.sums import tree_sums
from amalgam_worker.kernels.top_k import TOP_K_BLOCK, Cut, keep_largest, magnitude_bits
from amalgam_worker.native import variance as native
from amalgam_worker.native.kernel import STORED_TYPES, Call, Kernel
from amalgam_worker.tensors.buffers import Scratch

_INFINITY = 0x7F800000


@dataclass(frozen=True, slots=True)
class Sifted:
    """What lies above a bracket of variances and inside it.

    Attributes:
        above: number of elements.
        nonzero: number of elements, of all.
        energies: sums of squares, per model, of the differences above; float64 [blocks, N].
        inside: block, bit pattern, number of such elements; int32 [3, m] on the CPU, no two rows for one.
        squares: sums of squares of these, added up one after the other; float64 [m, N] on the CPU.
    """

    above: int
    nonzero: int
    energies: torch.Tensor
    inside: torch.Tensor
    squares: torch.Tensor


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
    call = _serving(native.VARIANCE, vectors, base)
    if call is None:
        return eager_variance(vectors, base, scratch)
    result = scratch.take("variance", base.numel(), torch.float32)
    native.variance(call, vectors, base, result)
    return result


def _serving(kernel: Kernel, vectors: list[torch.Tensor], base: torch.Tensor) -> Call | None:
    """The compiled function, if it can be used; it takes elements as they are stored."""
    given = (base, *vectors)
    return kernel.call if all(each.is_cpu and each.dtype in STORED_TYPES for each in given) else None


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


def sift_variances(
    vectors: list[torch.Tensor],
    base: torch.Tensor,
    low: int,
    high: int,
    first_block: int,
    scratch: Scratch,
) -> Sifted:
    """Counts the variances above a bracket, and lists those inside but for zero; not a number is above.

    Args:
        vectors: N of shape [n], from the beginning of block `first_block` on; may be overwritten.
        base: [n].
        low, high: bit patterns, both inside.
    """
    low, high = max(low, 1), min(high, _INFINITY)
    if (call := _serving(native.SIFT_VARIANCES, vectors, base)) is not None:
        return Sifted(*native.sift_variances(call, vectors, base, low, high, first_block, scratch))
    return eager_sift_variances(vectors, base, low, high, first_block, scratch)


def eager_sift_variances(
    vectors: list[torch.Tensor],
    base: torch.Tensor,
    low: int,
    high: int,
    first_block: int,
    scratch: Scratch,
) -> Sifted:
    """`sift_variances` by torch; the vectors are spoilt."""
    bits = magnitude_bits(eager_variance(vectors, base, scratch), scratch)
    places = ((bits >= low) & (bits <= high)).nonzero().squeeze(1)
    keys = (places // TOP_K_BLOCK + first_block << 32) | bits[places]
    unique, rows, counts = np.unique(keys.cpu().numpy(), return_inverse=True, return_counts=True)
    values = [vector[places].to(torch.float64).square_().cpu().numpy() for vector in vectors]
    squares = [torch.from_numpy(np.bincount(rows, each, len(unique)).astype(np.float64)) for each in values]
    inside = np.stack([unique >> 32, unique & (2**32 - 1), counts]).astype(np.int32)
    above = bits > high
    for vector in vectors:
        vector.masked_fill_(~above, 0)
    return Sifted(
        above=int(torch.count_nonzero(above)),
        nonzero=int(torch.count_nonzero(bits)),
        energies=squared_norms(vectors, TOP_K_BLOCK, scratch),
        inside=torch.from_numpy(inside),
        squares=torch.stack(squares, dim=1),
    )


def squares_of_first(
    vectors: list[torch.Tensor], base: torch.Tensor, threshold: int, kept: int, scratch: Scratch
) -> torch.Tensor:
    """Sums of squares of the first so many differences to the base where the variance is the threshold.

    Args:
        vectors: N of shape [n]; spoilt.
        base: [n].
        threshold: bit pattern.
    Returns:
        float64 [N].
    """
    bits = magnitude_bits(eager_variance(vectors, base, scratch), scratch)
    places = (bits == threshold).nonzero().squeeze(1)[:kept]
    return tree_sums(torch.stack([vector[places].to(torch.float64).square_() for vector in vectors]))


def merge_selected(
    vectors: list[torch.Tensor],
    base: torch.Tensor,
    cut: Cut,
    first_block: int,
    weights: list[float],
    least: float,
    scratch: Scratch,
) -> torch.Tensor:
    """The base plus the weighted mean, per element, of those selected differences whose sign is elected.

    Args:
        vectors: N of shape [n], from the beginning of block `first_block` on; may be overwritten.
        base: [n]; may be overwritten.
        cut: the variances before it are selected if they are above zero; none if it keeps none.
        weights: N.
        least: what the mean is divided by is no less.
    Returns:
        [n], valid until the next call with this scratch.
    """
    call = _serving(native.MERGE_SELECTED, vectors, base)
    if call is None:
        return eager_merge_selected(vectors, base, cut, first_block, weights, least, scratch)
    packed, result = (cut.threshold, cut.block, cut.kept), scratch.take("merged", base.numel(), torch.float32)
    native.merge_selected(call, vectors, base, packed, first_block, weights, least, result)
    return result


def eager_merge_selected(
    vectors: list[torch.Tensor],
    base: torch.Tensor,
    cut: Cut,
    first_block: int,
    weights: list[float],
    least: float,
    scratch: Scratch,
) -> torch.Tensor:
    """`merge_selected` by torch, as far as the election is not compiled."""
    chosen = eager_variance(vectors, base, scratch)
    if cut.kept == 0:
        chosen.zero_()
    else:
        keep_largest(chosen, cut, first_block, scratch)
        torch.gt(chosen, 0, out=chosen)
    for vector in vectors:
        vector.mul_(chosen)
    total, divisor = agreeing_sums(vectors, weights, weights, scratch)
    return base.add_(total.div_(divisor.clamp_min_(least)))
