"""RAM: what one model alone has changed is kept whole, what several have changed is averaged."""

from __future__ import annotations

import torch

from amalgam_worker.methods.method import (
    Chunk,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.native.ram import COUNT_ACTIVE, MERGE_ACTIVE, count_active, merge_active


def keep_active(chunk: Chunk, epsilon: float) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Zeroes, in place, entries of magnitude <= epsilon; the task vectors, and how many are left of each."""
    deltas = chunk.deltas()
    count, magnitude = chunk.take("active count").zero_(), chunk.take("active")
    for delta in deltas:
        active = torch.gt(torch.abs(delta, out=magnitude), epsilon, out=magnitude)
        count.add_(active)
        delta.mul_(active)
    return deltas, count


def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
    """The base plus the mean of the active entries; those of one model alone times its factor, if it has one.

    Source: Yuan et al. 2026, arXiv:2601.13572; the factors are those of RAM+.
    """
    epsilon = parameters.number("epsilon")
    boosts = statistics["boosts"].tolist() if "boosts" in statistics else None
    call = MERGE_ACTIVE.call if chunk.is_plain else None
    if call is not None and chunk.stored_base is not None:
        merged = chunk.take("merged")
        return merge_active(call, chunk.stored_inputs, chunk.stored_base, epsilon, boosts, merged)
    assert chunk.base is not None
    deltas, count = keep_active(chunk, epsilon)
    total = chunk.take("active total").zero_()
    for delta in deltas:
        total.add_(delta)
    total.div_(count.clamp(min=1))
    if boosts is not None:
        boosted = chunk.take("boosted").zero_()
        for delta, boost in zip(deltas, boosts, strict=True):
            boosted.add_(delta, alpha=boost)
        total = torch.where(count == 1, boosted, total)
    return chunk.base.add_(total)


def measure_overlap(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    """Per model how many of its active entries are shared and how many are its own; int64 [N, 2]."""
    epsilon, call = parameters.number("epsilon"), COUNT_ACTIVE.call if chunk.is_plain else None
    if call is not None and chunk.stored_base is not None:
        return [count_active(call, chunk.stored_inputs, chunk.stored_base, epsilon)]
    deltas, count = keep_active(chunk, epsilon)
    unique, shared = count == 1, count > 1
    numbers = []
    for delta in deltas:
        active = delta != 0
        numbers += [(active & shared).sum(), (active & unique).sum()]
    return [torch.stack(numbers).view(-1, 2)]


def gather_boosts(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """Per model `1 + r * clamp(shared / unique, 0, alpha)`, for nothing where none is unique; float64 [N]."""
    shared, unique = partials[0][0].cpu().to(torch.float64).unbind(1)
    divisor = unique.clamp_min(max(1.0, parameters.number("epsilon")))
    overlap = (shared / divisor).clamp(0, parameters.number("alpha"))
    return {"boosts": 1 + parameters.number("r") * overlap}


RAM = Method(shared=("epsilon",), per_input=(), combine=combine)
RAMPLUS_TL = Method(
    shared=("r", "alpha", "epsilon"),
    per_input=(),
    combine=combine,
    reductions=lambda parameters: (Reduction(measure_overlap, gather_boosts, "summed"),),
)
