"""Vocabulary tensors brought to another vocabulary: each row comes from somewhere else along axis 0."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from operator import attrgetter

import torch

from amalgam_worker.protocol import RowFill, RowMap, RowRun
from amalgam_worker.tensors.column_totals import ColumnTotals
from amalgam_worker.tensors.row_blocks import row_blocks
from amalgam_worker.tensors.values import Values
from amalgam_worker.tensors.workspace import Workspace


@dataclass(frozen=True, slots=True)
class RowSegment:
    """Rows [to, to + count): the mean, row by row, of as many rows of each source; of no source: zeros."""

    to: int
    count: int
    sources: tuple[tuple[int, int], ...]  # model, first row


def row_segments(row_map: RowMap, own: int) -> list[RowSegment]:
    """A map's rows before the padding, in order."""
    segments: list[RowSegment] = []
    runs: Iterable[RowRun | RowFill] = row_map.runs
    for origin in merge(runs, row_map.fills, key=attrgetter("to")):
        if isinstance(origin, RowFill):
            sources = tuple((source.model, source.row) for source in origin.sources)
        else:
            sources = ((own, origin.source),)
        segments.append(RowSegment(origin.to, origin.count, sources))
    return segments


@dataclass(frozen=True, slots=True)
class MappedRows:
    """Rows of several models' tensors put together, without padding. See `Values`."""

    tensors: Mapping[int, Values]
    segments: Sequence[RowSegment]
    columns: int
    dtype: torch.dtype

    def take(self, workspace: Workspace, name: str, start: int, count: int) -> torch.Tensor:
        target = workspace.scratch.take(f"{name} rows", count, self.dtype)
        for segment in self._touched(start, start + count):
            first = segment.to * self.columns
            low, high = max(start, first), min(start + count, first + segment.count * self.columns)
            self._fill(workspace, target[low - start : high - start], segment, low - first)
        return target

    def _touched(self, start: int, stop: int) -> Iterator[RowSegment]:
        at = bisect_right(self.segments, start // self.columns, key=attrgetter("to")) - 1
        while at < len(self.segments) and self.segments[at].to * self.columns < stop:
            yield self.segments[at]
            at += 1

    def _fill(self, workspace: Workspace, target: torch.Tensor, segment: RowSegment, skipped: int) -> None:
        for number, (model, row) in enumerate(segment.sources):
            place = row * self.columns + skipped
            values = self.tensors[model].take(workspace, "source rows", place, target.numel())
            target.copy_(values) if number == 0 else target.add_(values)
        if not segment.sources:
            target.zero_()
        elif len(segment.sources) > 1:
            target.div_(len(segment.sources))


class MeanPadded:
    """`rows` rows, then some that are the mean of these, taken in float64. See `Values`."""

    def __init__(self, inner: Values, rows: int, columns: int, dtype: torch.dtype) -> None:
        self._inner = inner
        self._rows = rows
        self._columns = columns
        self._dtype = dtype
        self._totals = ColumnTotals(inner, rows, columns)

    def take(self, workspace: Workspace, name: str, start: int, count: int) -> torch.Tensor:
        """See `Values`."""
        inside = min(count, max(0, self._rows * self._columns - start))
        if inside == count:
            return self._inner.take(workspace, name, start, count)
        means = (self._totals.get(workspace) / self._rows).to(self._dtype)
        target = workspace.scratch.take(f"{name} means", count, self._dtype)
        if inside:
            target[:inside].copy_(self._inner.take(workspace, name, start, inside))
        for part, _, column in row_blocks(target[inside:], start + inside, self._columns):
            part.copy_(means[column : column + part.shape[1]])
        return target


def map_rows(
    row_map: RowMap,
    segments: Sequence[RowSegment],
    tensors: Mapping[int, Values],
    columns: int,
    dtype: torch.dtype,
) -> Values:
    """The tensor of shape [row_map.rows, columns] that a map makes of models' own tensors.

    Args:
        segments: of the map, by `row_segments`.
        tensors: by model; each with rows of `columns` elements.
    """
    mapped = MappedRows(tensors, segments, columns, dtype)
    if row_map.padding == 0:
        return mapped
    return MeanPadded(mapped, row_map.rows - row_map.padding, columns, dtype)
