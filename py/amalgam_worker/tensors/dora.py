"""DoRA: the rows of an updated weight are brought to learned lengths while it streams."""

from __future__ import annotations

import torch

from amalgam_worker.tensors.column_totals import ColumnTotals
from amalgam_worker.tensors.row_blocks import row_blocks
from amalgam_worker.tensors.values import Values
from amalgam_worker.tensors.workspace import Workspace

_BLOCK_ELEMENTS = 65_536


class RowsRescaled:
    """A weight of shape [out, in] whose row r is multiplied by `magnitude[r] / norm of row r`. See `Values`.

    Norms are taken in float64, block by block as rows are needed. Blocks depend on the shape alone, so that
    threads which happen to find the same one write the same bits.
    """

    def __init__(self, inner: Values, magnitude: torch.Tensor, columns: int, dtype: torch.dtype) -> None:
        self._inner = inner
        self._magnitude = magnitude
        self._columns = columns
        self._step = max(1, _BLOCK_ELEMENTS // columns)
        self._scales = torch.empty(len(magnitude), dtype=dtype, device=magnitude.device)
        self._known = bytearray(-(-len(magnitude) // self._step))

    def take(self, workspace: Workspace, name: str, start: int, count: int) -> torch.Tensor:
        """See `Values`."""
        first_row, last_row = start // self._columns, (start + count - 1) // self._columns
        for block in range(first_row // self._step, last_row // self._step + 1):
            if not self._known[block]:
                self._find(workspace, block)
                self._known[block] = 1
        values = self._inner.take(workspace, name, start, count)
        for part, row, _ in row_blocks(values, start, self._columns):
            part.mul_(self._scales[row : row + len(part), None])
        return values

    def _find(self, workspace: Workspace, block: int) -> None:
        rows = slice(block * self._step, min((block + 1) * self._step, len(self._scales)))
        count = rows.stop - rows.start
        squares = torch.zeros(count, dtype=torch.float64, device=self._scales.device)
        stop = rows.stop * self._columns
        # More than one piece only where a single row is longer.
        for start in range(rows.start * self._columns, stop, _BLOCK_ELEMENTS):
            size = min(_BLOCK_ELEMENTS, stop - start)
            values = self._inner.take(workspace, "source norms", start, size).double()
            squares.add_(values.view(count, -1).square().sum(1))
        self._scales[rows] = (self._magnitude[rows] / squares.sqrt()).to(self._scales.dtype)


class ColumnsRescaled:
    """The same of a weight that is stored as [in, out]: its columns are rescaled. See `Values`."""

    def __init__(self, inner: Values, magnitude: torch.Tensor, rows: int, dtype: torch.dtype) -> None:
        self._inner = inner
        self._magnitude = magnitude
        self._dtype = dtype
        self._squares = ColumnTotals(inner, rows, len(magnitude), squared=True)

    def take(self, workspace: Workspace, name: str, start: int, count: int) -> torch.Tensor:
        """See `Values`."""
        scales = (self._magnitude / self._squares.get(workspace).sqrt()).to(self._dtype)
        values = self._inner.take(workspace, name, start, count)
        for part, _, column in row_blocks(values, start, len(scales)):
            part.mul_(scales[column : column + part.shape[1]])
        return values


def rescaled(
    updated: Values, shape: tuple[int, int], magnitude: torch.Tensor, transposed: bool, dtype: torch.dtype
) -> Values:
    """A weight, with its LoRA update, whose output rows get the norms `magnitude`.

    Source: Liu et al. 2024, arXiv:2402.09353, equation 5; the norm is that of each output, as in peft.

    Args:
        updated: `W + scale * B @ A`.
        shape: rows and columns as the weight is stored.
        magnitude: float64 of shape [out].
        transposed: the weight is stored as [in, out].
    """
    rows, columns = shape
    if transposed:
        return ColumnsRescaled(updated, magnitude, rows, dtype)
    return RowsRescaled(updated, magnitude, columns, dtype)
