"""A run of a flattened matrix, cut where rows begin."""

from __future__ import annotations

from collections.abc import Iterator

import torch


def row_blocks(values: torch.Tensor, start: int, columns: int) -> Iterator[tuple[torch.Tensor, int, int]]:
    """Views of all elements in order: what is left of a first row, whole rows, the beginning of a last row.

    Args:
        values: of shape [n], elements from `start` on of a matrix with rows of `columns` elements.
    Yields:
        a view of shape [rows, width], with the row and the column of its first element.
    """
    place = 0
    while place < len(values):
        row, column = divmod(start + place, columns)
        rows = 1 if column else max(1, (len(values) - place) // columns)
        width = min(columns - column, len(values) - place)
        yield values[place : place + rows * width].view(rows, width), row, column
        place += rows * width
