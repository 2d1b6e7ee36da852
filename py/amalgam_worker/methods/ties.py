"""TIES in its dialects."""

from __future__ import annotations

from dataclasses import replace

import torch

from amalgam_worker.kernels.sign_election import agreeing_sums
from amalgam_worker.methods.method import (
    Chunk,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.methods.sparsify import LARGEST, sparsify
from amalgam_worker.methods.task_arithmetic import elect_by_weight, family_member


def elect(
    chunk: Chunk,
    deltas: list[torch.Tensor],
    factors: list[float],
    statistics: Statistics,
    parameters: Parameters,
) -> torch.Tensor:
    """The merged task vector.

    `mergekit` elects by weight. With `paper` and `peft` all models elect alike, and what agrees is multiplied
    by its model's weight; if `normalize` the sum is divided by the number of models that agree. Where the
    task vectors cancel out, `paper` elects the sign that most elements of the tensor have, the others plus.

    Source: Yadav et al. 2023, arXiv:2306.01708, section 3 and its published code.
    """
    if elects_by_weight(parameters):
        return elect_by_weight(chunk, deltas, factors, statistics, parameters)
    sign_of_zero = int(statistics["majority"]) if "majority" in statistics else 1
    counted = [1.0] * len(deltas) if parameters.flag("normalize") else None
    total, count = agreeing_sums(deltas, factors, counted, chunk.scratch, sign_of_zero)
    return total if counted is None else total.div_(count.clamp_min_(1))


def elects_by_weight(parameters: Parameters) -> bool:
    """Whether the weighted task vectors elect."""
    return parameters.choice("dialect") == "mergekit"


def measure_signs(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    """How many more elements of the summed, trimmed task vectors are above zero than below; int64 [1]."""
    deltas, total = chunk.deltas(), chunk.take("sign total").zero_()
    for number, delta in enumerate(deltas):
        sparsify(LARGEST, chunk, number, delta, statistics, parameters)
        total.add_(delta)
    return [((total > 0).sum() - (total < 0).sum()).reshape(1)]


def gather_majority(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """The sign that most elements have, minus if neither is more frequent; int64 [1]."""
    return {"majority": partials[0][0].cpu().gt(0).to(torch.int64).mul_(2).sub_(1)}


def trims_models(parameters: Parameters) -> bool:
    """Whether `density` is a share of a model's whole task vector, as in the paper, not of each tensor's."""
    return parameters.choice("trim_scope") == "model"


def reductions(parameters: Parameters) -> tuple[Reduction, ...]:
    """Those of the family, then the majority if the dialect asks for it."""
    member = _OF_KNOWN_CUTS if trims_models(parameters) else _MEMBER
    is_counted = parameters.choice("dialect") == "paper"
    majority = (Reduction(measure_signs, gather_majority, "summed"),) if is_counted else ()
    return member.reductions(parameters) + majority


_MEMBER = family_member(LARGEST, elect=elect, by_weight=elects_by_weight)
_OF_KNOWN_CUTS = family_member(replace(LARGEST, reductions=()), elect=elect, by_weight=elects_by_weight)
TIES = replace(
    _MEMBER,
    shared=(*_MEMBER.shared, "dialect", "trim_scope"),
    reductions=reductions,
    ranks_models=trims_models,
)
