"""Sums down the columns of a flattened matrix of which only a run of elements is at hand."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.sums import tree_sums


def column_sums(values: torch.Tensor, columns: int) -> torch.Tensor:
    """Sums, over the rows that a run touches, of what it has of each column: trees over the whole rows.

    Args:
        values: float64 [K, n], K series from some element of a matrix with rows of `columns` elements on.
    Returns:
        float64 [K, min(n, columns)]: of every column that the run touches, from that of its first element on.
    """
    if values.shape[1] <= columns:
        return values
    whole = values.shape[1] // columns * columns
    sums = tree_sums(values[:, :whole].view(len(values), -1, columns).transpose(1, 2))
    sums[:, : values.shape[1] - whole] += values[:, whole:]
    return sums


def add_column_sums(totals: torch.Tensor, sums: torch.Tensor, start: int) -> None:
    """Adds, in place, what `column_sums` gave for the run from `start` on; [K, columns] and [K, m]."""
    first = start % totals.shape[1]
    before_end = min(sums.shape[1], totals.shape[1] - first)
    totals[:, first : first + before_end] += sums[:, :before_end]
    totals[:, : sums.shape[1] - before_end] += sums[:, before_end:]
