"""Ways to thin out a task vector."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from amalgam_worker.kernels.keep_mask import MASK_BLOCK, drop_at_random, mask_key
from amalgam_worker.methods.cuts import cut_reductions, keep_before
from amalgam_worker.methods.method import Chunk, Parameters, Reduction, Statistics


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
LARGEST = Sparsifier(cut_reductions(thinned_deltas, _ranks, sampled=True), _keep_largest)

# Keeps each entry with probability `density`. Source: Yu et al. 2024, arXiv:2311.03099, section 3.2 (drop).
RANDOM = Sparsifier((), _drop_at_random)
