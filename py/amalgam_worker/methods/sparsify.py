"""Ways to thin out a task vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from amalgam_worker.kernels.keep_mask import MASK_BLOCK, keep_mask, mask_key
from amalgam_worker.kernels.top_k import (
    Cut,
    count_low_bits,
    count_top_bits,
    find_bin,
    find_cut,
    keep_largest,
)
from amalgam_worker.methods.method import (
    BLOCK,
    Chunk,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)


@dataclass(frozen=True, slots=True)
class Sparsifier:
    """How entries of task vectors are chosen; densities strictly between 0 and 1 only."""

    reductions: tuple[Reduction, ...]
    # (chunk, input's number, its task vector, statistics, parameters): zeroes entries in place
    apply: Callable[[Chunk, int, torch.Tensor, Statistics, Parameters], None]


def thinned(parameters: Parameters) -> list[int]:
    """Numbers of the inputs of which a part is kept."""
    return [number for number, density in enumerate(parameters.each("density")) if 0 < density < 1]


def sparsify(
    sparsifier: Sparsifier,
    chunk: Chunk,
    number: int,
    delta: torch.Tensor,
    statistics: Statistics,
    parameters: Parameters,
) -> None:
    """Zeroes, in place, what one input's task vector loses: nothing at density >= 1, all at <= 0."""
    density = parameters.each("density")[number]
    if density <= 0:
        delta.zero_()
    elif density < 1:
        sparsifier.apply(chunk, number, delta, statistics, parameters)


def _measure_top(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    deltas = chunk.deltas()
    return [count_top_bits(deltas[number], chunk.scratch) for number in thinned(parameters)]


def _gather_top(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """Per thinned input the bin of the cut and the rank within it; int64 [thinned, 2]."""
    (counts,) = partials
    densities = parameters.each("density")
    bins = [
        find_bin(count, max(1, int(densities[number] * tensor.elements)))
        for number, count in zip(thinned(parameters), counts, strict=True)
    ]
    return {"bins": torch.tensor(bins, dtype=torch.int64)}


def _measure_low(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    deltas = chunk.deltas()
    tops = statistics["bins"][:, 0].tolist()
    return [
        count_low_bits(deltas[number], top, chunk.start // BLOCK, chunk.scratch)
        for number, top in zip(thinned(parameters), tops, strict=True)
    ]


def _gather_low(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """Per input the fields of its Cut; int64 [N, 3]."""
    cuts = torch.zeros(len(tensor.models), 3, dtype=torch.int64)
    for place, number in enumerate(thinned(parameters)):
        top, rank = statistics["bins"][place].tolist()
        cut = find_cut(torch.cat([partial[place] for partial in partials], dim=1), top, rank)
        cuts[number] = torch.tensor([cut.threshold, cut.block, cut.kept])
    return {"cuts": cuts}


def _keep_largest(
    chunk: Chunk, number: int, delta: torch.Tensor, statistics: Statistics, parameters: Parameters
) -> None:
    cut = Cut(*statistics["cuts"][number].tolist())
    keep_largest(delta, cut, chunk.start // BLOCK, chunk.scratch)


def _drop_at_random(
    chunk: Chunk, number: int, delta: torch.Tensor, statistics: Statistics, parameters: Parameters
) -> None:
    density = parameters.each("density")[number]
    facts = chunk.tensor
    for low in range(0, chunk.elements, MASK_BLOCK):
        part = delta[low : low + MASK_BLOCK]
        key = mask_key(facts.seed, facts.models[number], facts.name, (chunk.start + low) // MASK_BLOCK)
        part.mul_(keep_mask(key, part.numel(), density, chunk.scratch))


# Keeps exactly int(density * n), at least 1, of the n entries of the tensor: those of largest magnitude,
# among equal ones those of lowest index. Source: Yadav et al. 2023, arXiv:2306.01708, section 3 (trim).
LARGEST = Sparsifier(
    (
        Reduction(_measure_top, _gather_top, "summed"),
        Reduction(_measure_low, _gather_low, "per chunk"),
    ),
    _keep_largest,
)

# Keeps each entry with probability `density`. Source: Yu et al. 2024, arXiv:2311.03099, section 3.2 (drop).
RANDOM = Sparsifier((), _drop_at_random)
