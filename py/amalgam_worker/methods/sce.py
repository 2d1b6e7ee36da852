"""SCE: select where the models differ most, calculate a weight per model, erase the minority's signs."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.gram import squared_norms
from amalgam_worker.kernels.sign_election import agreeing_sums
from amalgam_worker.kernels.sums import tree_sums
from amalgam_worker.kernels.top_k import Cut
from amalgam_worker.kernels.variance import merge_selected
from amalgam_worker.methods.method import (
    BLOCK,
    Chunk,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.methods.selection import as_taken_by, selection_reductions
from amalgam_worker.native.variance import MERGE_SELECTED

# Mean squares that sum to less tell nothing: all models then weigh the same.
_SMALLEST_ENERGY = 1e-6
_SMALLEST_DIVISOR = 1e-6


def rank(nonzero: int, parameters: Parameters) -> int:
    """How many elements are selected of those where the models differ."""
    return int(nonzero * parameters.number("select_topk"))


def measure_energies(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    """Sums of squares of the task vectors, per block; float64 [B, N]."""
    return [squared_norms(chunk.deltas(), BLOCK, chunk.scratch)]


def gather_energies(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """The sums; float64 [N]."""
    return {"energies": tree_sums(torch.cat([sums for (sums,) in partials]).T).cpu()}


def shares(energies: torch.Tensor) -> list[float]:
    """Each model's share of the mean squares; float64 [N]."""
    total = energies.sum()
    if total < _SMALLEST_ENERGY:
        return [1 / len(energies)] * len(energies)
    return list((energies / total).tolist())


def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
    """The base plus the weighted mean of those selected entries that have the sign of their plain sum.

    Source: FuseChat, Wan et al. 2024, arXiv:2408.07990, section 3.3.
    """
    weights = shares(statistics["energies"] / chunk.tensor.elements)
    if "cut" not in statistics:
        total, divisor = agreeing_sums(chunk.deltas(), weights, weights, chunk.scratch)
        assert chunk.base is not None
        return chunk.base.add_(total.div_(divisor.clamp_min_(_SMALLEST_DIVISOR)))
    cut, block = Cut(*statistics["cut"].tolist()), chunk.start // BLOCK
    inputs, base = as_taken_by(MERGE_SELECTED, chunk)
    return merge_selected(inputs, base, cut, block, weights, _SMALLEST_DIVISOR, chunk.scratch)


def reductions(parameters: Parameters) -> tuple[Reduction, ...]:
    """What is selected, if that is not everything, and the sums of squares."""
    if parameters.number("select_topk") >= 1:
        return (Reduction(measure_energies, gather_energies, "per chunk"),)
    return selection_reductions(rank)


SCE = Method(shared=("int8_mask", "select_topk"), per_input=(), combine=combine, reductions=reductions)
