"""The task-arithmetic family: task vectors, thinned out, rescaled, added up with or without sign election."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.sign_election import elected_sum
from amalgam_worker.methods.method import (
    Chunk,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.methods.sparsify import LARGEST, RANDOM, Sparsifier, sparsify, thinned

# L1 norms below this are taken for zero, weights that sum to less in magnitude for cancelling out.
_SMALLEST_NORM = 1e-7
_SMALLEST_WEIGHT = 1e-8


def family_member(sparsifier: Sparsifier | None, *, elect: bool) -> Method:
    """A method of the family.

    out = W_0 + lambda * sum_i(w_i * r_i * sparsified(W_i - W_0)), over all models or, per element, over those
    that agree with the elected sign; divided by the sum of the w_i that took part if `normalize`. r_i
    restores the L1 norm of the task vector if `rescale`, per tensor and model.

    Source: Ilharco et al. 2023, arXiv:2212.04089, section 2.
    """

    def reductions(parameters: Parameters) -> tuple[Reduction, ...]:
        if sparsifier is None or not thinned(parameters):
            return ()
        norms = (Reduction(measure_norms, gather_norms),) if parameters.flag("rescale") else ()
        return sparsifier.reductions + norms

    def measure_norms(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
        assert sparsifier is not None
        deltas, magnitude, wide = chunk.deltas(), chunk.take("norm"), chunk.take("norm wide", torch.float64)
        norms = []
        for number in thinned(parameters):
            norms.append(wide.copy_(torch.abs(deltas[number], out=magnitude)).sum())
            sparsify(sparsifier, chunk, number, deltas[number], statistics, parameters)
            norms.append(wide.copy_(torch.abs(deltas[number], out=magnitude)).sum())
        return [torch.stack(norms)]

    def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
        assert chunk.base is not None
        weights, deltas = parameters.each("weight"), chunk.deltas()
        rescales = statistics["rescales"].tolist() if "rescales" in statistics else [1.0] * len(weights)
        factors = [weight * rescale for weight, rescale in zip(weights, rescales, strict=True)]
        if sparsifier is not None:
            for number, delta in enumerate(deltas):
                sparsify(sparsifier, chunk, number, delta, statistics, parameters)
        normalize = parameters.flag("normalize")
        if elect:
            for delta, factor in zip(deltas, factors, strict=True):
                delta.mul_(factor)
            total = elected_sum(deltas, weights if normalize else None, chunk.scratch)
            return chunk.base.add_(total, alpha=parameters.number("lambda"))
        total = deltas[0].mul_(factors[0])
        for delta, factor in zip(deltas[1:], factors[1:], strict=True):
            total.add_(delta, alpha=factor)
        divisor = sum(weights) if normalize and abs(sum(weights)) >= _SMALLEST_WEIGHT else 1.0
        return chunk.base.add_(total, alpha=parameters.number("lambda") / divisor)

    return Method(
        shared=("normalize", "rescale", "lambda", "int8_mask"),
        per_input=("weight", "density"),
        combine=combine,
        reductions=reductions,
    )


def gather_norms(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """Per input the factor that restores its L1 norm; float64 [N], 1 where a norm is next to nothing."""
    norms = torch.stack([norm for (norm,) in partials]).sum(0).reshape(-1, 2).tolist()
    rescales = torch.ones(len(tensor.models), dtype=torch.float64)
    for number, (before, after) in zip(thinned(parameters), norms, strict=True):
        if min(before, after) >= _SMALLEST_NORM:
            rescales[number] = before / after
    return {"rescales": rescales}


TASK_ARITHMETIC = family_member(None, elect=False)
TIES = family_member(LARGEST, elect=True)
DARE_LINEAR = family_member(RANDOM, elect=False)
DARE_TIES = family_member(RANDOM, elect=True)
