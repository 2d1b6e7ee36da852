"""A merge method applied to whole tensors in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import torch

from amalgam_worker.methods.method import (
    BLOCK,
    ROWS_CHUNK,
    Chunk,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.tensors.buffers import Scratch

_PIECE = 4 * BLOCK

# (start, count): so many elements of a flattened tensor from `start` on, of shape [count], to be overwritten.
Source = Callable[[int, int], torch.Tensor]


def held(tensor: torch.Tensor) -> Source:
    """A tensor that is in memory."""
    flat = tensor.reshape(-1)
    return lambda start, count: flat[start : start + count].clone()


def merge_whole(
    method: Method,
    parameters: Parameters,
    facts: TensorFacts,
    base: Source | None,
    inputs: Sequence[Source],
    dtype: torch.dtype,
) -> torch.Tensor:
    """The merged tensor of shape `facts.shape`.

    Every pass runs in the order of the tensor, cut as the streaming engine cuts it, so that both have the
    same bits.
    """
    whole, scratch = method.whole(facts, parameters), Scratch(torch.device("cpu"))
    step = _PIECE if whole is None else max(1, ROWS_CHUNK // max(1, whole)) * whole

    def pieces(start: int, stop: int) -> Iterator[tuple[int, int]]:
        return ((place, min(step, stop - place)) for place in range(start, stop, max(1, step)))

    def chunk(start: int, count: int) -> Chunk:
        own = None if base is None else base(start, count)
        return Chunk(facts, start, own, [source(start, count) for source in inputs], scratch)

    statistics: Statistics = {}
    for reduction in method.reductions(parameters):
        if not reduction.needed(statistics):
            continue
        measured = _Measured(reduction, facts, statistics)
        for piece in pieces(*reduction.extent(statistics, facts.elements)):
            whole_chunk = chunk(*piece)
            parts = whole_chunk.blocks() if reduction.partials == "per block" else [whole_chunk]
            for part in parts:
                measured.add(reduction.measure(part, statistics, parameters), part.start)
        statistics.update(reduction.gather(measured.partials, facts, statistics, parameters))
    merged = torch.empty(facts.elements, dtype=dtype)
    for start, count in pieces(0, facts.elements):
        merged[start : start + count] = method.combine(chunk(start, count), statistics, parameters)
    return merged.reshape(facts.shape)


class _Measured:
    """What one pass has measured so far."""

    def __init__(self, reduction: Reduction, facts: TensorFacts, statistics: Statistics) -> None:
        self._reduction, self._facts, self._statistics = reduction, facts, statistics
        self.partials: list[Partial] = []

    def add(self, partial: Partial, start: int) -> None:
        """Takes in what was measured from element `start` on."""
        if self._reduction.fold is not None:
            self._reduction.fold(self._statistics, partial, start, self._facts)
        elif self._reduction.partials != "summed" or not self.partials:
            self.partials.append([part.clone() for part in partial])
        else:
            for total, part in zip(self.partials[0], partial, strict=True):
                total.add_(part)
