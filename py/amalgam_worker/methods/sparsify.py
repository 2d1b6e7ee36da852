"""Ways to thin out a task vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from amalgam_worker.kernels.keep_mask import MASK_BLOCK, drop_at_random, largest_dropped, mask_key
from amalgam_worker.methods.cuts import cut_reductions, keep_before
from amalgam_worker.methods.method import Chunk, Parameters, Reduction, Statistics
from amalgam_worker.native import task_vectors as native
from amalgam_worker.native.task_vectors import Thinning


@dataclass(frozen=True, slots=True)
class Sparsifier:
    """How entries of task vectors are chosen; densities strictly between 0 and 1 only."""

    reductions: tuple[Reduction, ...]
    # (chunk, input's number, its task vector, statistics, parameters): zeroes entries in place
    apply: Callable[[Chunk, int, torch.Tensor, Statistics, Parameters], None]
    # The same for a compiled kernel; None where there is none that can.
    described: Callable[[Chunk, int, Statistics, Parameters], Thinning | None] = lambda *_: None


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


def thinnings(
    sparsifier: Sparsifier | None, chunk: Chunk, statistics: Statistics, parameters: Parameters
) -> list[Thinning] | None:
    """What `sparsify` does to each input, for a compiled kernel; None where there is none that can."""
    if sparsifier is None:
        return [Thinning(native.ALL)] * len(chunk.stored_inputs)
    described: list[Thinning] = []
    for number, density in enumerate(parameters.each("density")):
        if 0 < density < 1:
            how = sparsifier.described(chunk, number, statistics, parameters)
            if how is None:
                return None
            described.append(how)
        else:
            described.append(Thinning(native.NONE if density <= 0 else native.ALL))
    return described


def thinned_deltas(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> list[torch.Tensor]:
    """The task vectors of which a part is kept."""
    deltas = chunk.deltas()
    return [deltas[number] for number in thinned(parameters)]


def largest(density: float, elements: int) -> int:
    """How many entries of a task vector are kept; at least one."""
    return max(1, int(density * elements))


def _ranks(place: int, size: int, parameters: Parameters) -> list[int]:
    return [largest(parameters.each("density")[thinned(parameters)[place]], size)]


def _keep_largest(
    chunk: Chunk, number: int, delta: torch.Tensor, statistics: Statistics, parameters: Parameters
) -> None:
    keep_before(delta, statistics["cuts"][thinned(parameters).index(number), 0], chunk)


def _described_cut(chunk: Chunk, number: int, statistics: Statistics, parameters: Parameters) -> Thinning:
    return Thinning(native.LARGEST, statistics["cuts"][thinned(parameters).index(number), 0].tolist())


def _described_chance(chunk: Chunk, number: int, statistics: Statistics, parameters: Parameters) -> Thinning:
    facts, (first, place) = chunk.tensor, divmod(chunk.start, MASK_BLOCK)
    keys = [
        word
        for block in range(first, -(-(chunk.start + chunk.elements) // MASK_BLOCK))
        for word in mask_key(facts.seed, facts.models[number], facts.name, block)
    ]
    limit = largest_dropped(parameters.each("density")[number])
    return Thinning(native.RANDOM, keys=keys, place=place, limit=limit)


def _drop_at_random(
    chunk: Chunk, number: int, delta: torch.Tensor, statistics: Statistics, parameters: Parameters
) -> None:
    density = parameters.each("density")[number]
    facts = chunk.tensor
    low = 0
    while low < chunk.elements:
        block, first = divmod(chunk.start + low, MASK_BLOCK)
        part = delta[low : low + MASK_BLOCK - first]
        key = mask_key(facts.seed, facts.models[number], facts.name, block)
        drop_at_random(part, key, first, density, chunk.scratch)
        low += len(part)


# Keeps exactly int(density * n), at least 1, of the n entries of the tensor, or of all tensors where the cuts
# are found beforehand: those of largest magnitude, among equal ones those of lowest index.
# Source: Yadav et al. 2023, arXiv:2306.01708, section 3 (trim).
LARGEST = Sparsifier(
    cut_reductions(thinned_deltas, _ranks, sampled=True, of_inputs=thinned), _keep_largest, _described_cut
)

# Keeps each entry with probability `density`. Source: Yu et al. 2024, arXiv:2311.03099, section 3.2 (drop).
RANDOM = Sparsifier((), _drop_at_random, _described_chance)
