"""Mapped vocabulary tensors row by row, in float64."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from amalgam_worker.protocol import RowFill, RowMap, RowOrigin, RowRun
from helpers.reference import Array

# The model's own row, or (model, row) of those to take the mean of.
Origin = int | list[tuple[int, int]]


def row_map(origins: Sequence[Origin], padding: int = 0) -> RowMap:
    """A map on the wire from the origin of each row."""
    own = [(to, source) for to, source in enumerate(origins) if isinstance(source, int)]
    runs = []
    for _, group in groupby(own, key=lambda pair: pair[1] - pair[0]):
        together = list(group)
        # Of equal difference, but not always without a gap.
        start = 0
        for at in range(1, len(together) + 1):
            if at == len(together) or together[at][0] != together[at - 1][0] + 1:
                to, source = together[start]
                runs.append(RowRun(to, source, at - start))
                start = at
    fills: list[RowFill] = []
    for to, source in enumerate(origins):
        if isinstance(source, int):
            continue
        last = fills[-1] if fills else None
        before = [] if last is None else [(origin.model, origin.row + last.count) for origin in last.sources]
        if last is not None and last.to + last.count == to and before == source:
            fills[-1] = RowFill(last.to, last.count + 1, last.sources)
        else:
            fills.append(RowFill(to, 1, [RowOrigin(model, row) for model, row in source]))
    return RowMap(len(origins) + padding, runs, fills, padding)


def mapped(own: Array, models: Sequence[Array], origins: Sequence[Origin], padding: int = 0) -> Array:
    """What a map makes of a tensor."""
    rows = []
    for source in origins:
        if isinstance(source, int):
            rows.append(own[source])
        elif source:
            rows.append(np.mean([models[model][row] for model, row in source], axis=0))
        else:
            rows.append(np.zeros(own.shape[1:]))
    rows += [np.mean(rows, axis=0)] * padding
    return np.array(rows).reshape(len(rows), *own.shape[1:])
