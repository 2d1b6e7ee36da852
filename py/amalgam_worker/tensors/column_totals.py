"""Sums down the columns of a tensor that streams."""

from __future__ import annotations

import threading

import torch

from amalgam_worker.tensors.values import Values
from amalgam_worker.tensors.workspace import Workspace

_BLOCK_ELEMENTS = 65_536


class ColumnTotals:
    """float64 [columns]: sums over all rows, found by the first thread that asks, kept for the others.

    Rows are added in blocks whose place depends on the shape alone.

    Args:
        values: of `rows * columns` elements or more, of which the first are meant; not empty.
        squared: sums of squares instead.
    """

    def __init__(self, values: Values, rows: int, columns: int, squared: bool = False) -> None:
        self._values = values
        self._rows = rows
        self._columns = columns
        self._squared = squared
        self._lock = threading.Lock()
        self._totals: torch.Tensor | None = None

    def get(self, workspace: Workspace) -> torch.Tensor:
        """The sums. Raises WorkerError: read-failed."""
        with self._lock:
            if self._totals is None:
                self._totals = self._add_up(workspace)
            return self._totals

    def _add_up(self, workspace: Workspace) -> torch.Tensor:
        totals = torch.zeros(self._columns, dtype=torch.float64, device=workspace.scratch.device)
        step = max(1, _BLOCK_ELEMENTS // self._columns)
        for row in range(0, self._rows, step):
            count = min(step, self._rows - row) * self._columns
            block = self._values.take(workspace, "source totals", row * self._columns, count).double()
            if self._squared:
                block = block.square()
            totals.add_(block.view(-1, self._columns).sum(0))
        return totals
