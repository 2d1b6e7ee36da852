"""SCE: select where the models differ most, calculate a weight per model, erase the minority's signs."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.gram import squared_norms
from amalgam_worker.kernels.sign_election import agreeing_sums
from amalgam_worker.kernels.sums import tree_sums
from amalgam_worker.kernels.top_k import Cut
from amalgam_worker.kernels.variance import select_by_variance, variance
from amalgam_worker.methods.cuts import cut_reductions
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

# Mean squares that sum to less tell nothing: all models then weigh the same.
_SMALLEST_ENERGY = 1e-6
_SMALLEST_DIVISOR = 1e-6


def spread(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> list[torch.Tensor]:
    """Variance of the task vectors over the models, per element; one series, float32 [n]."""
    assert chunk.base is not None
    return [variance(chunk.inputs, chunk.base, chunk.scratch)]


def ranks(number: int, nonzero: int, parameters: Parameters) -> list[int]:
    """How many elements are selected."""
    return [int(nonzero * parameters.number("select_topk"))]


def selected(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> list[torch.Tensor]:
    """The task vectors, zeroed in place in all models where no element is selected."""
    if "cuts" not in statistics:
        return chunk.deltas()
    assert chunk.base is not None
    cut, first_block = Cut(*statistics["cuts"][0, 0].tolist()), chunk.start // BLOCK
    select_by_variance(chunk.inputs, chunk.base, cut, first_block, chunk.scratch)
    return chunk.inputs


def measure_energies(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    """Sums of squares of the selected task vectors, per block; float64 [B, N]."""
    return [squared_norms(selected(chunk, statistics, parameters), BLOCK, chunk.scratch)]


def gather_weights(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """Each model's share of the mean squares; float64 [N]."""
    energies = tree_sums(torch.cat([sums for (sums,) in partials]).T).cpu() / tensor.elements
    total = energies.sum()
    if total < _SMALLEST_ENERGY:
        return {"weights": torch.full_like(energies, 1 / len(energies))}
    return {"weights": energies / total}


def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
    """The base plus the weighted mean of those selected entries that have the sign of their plain sum.

    Source: FuseChat, Wan et al. 2024, arXiv:2408.07990, section 3.3.
    """
    assert chunk.base is not None
    weights = statistics["weights"].tolist()
    deltas = selected(chunk, statistics, parameters)
    total, divisor = agreeing_sums(deltas, weights, weights, chunk.scratch)
    return chunk.base.add_(total.div_(divisor.clamp_min_(_SMALLEST_DIVISOR)))


def reductions(parameters: Parameters) -> tuple[Reduction, ...]:
    """The cut among the variances, if not all elements are selected, then the weights."""
    energies = Reduction(measure_energies, gather_weights, "per chunk")
    if parameters.number("select_topk") >= 1:
        return (energies,)
    return (*cut_reductions(spread, ranks, of_nonzero=True, sampled=True), energies)


SCE = Method(shared=("int8_mask", "select_topk"), per_input=(), combine=combine, reductions=reductions)
