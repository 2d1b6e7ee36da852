"""Dot products in double precision; the trees of `sums` fix their bits."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import torch

from amalgam_worker.kernels.sums import group_sums, tree_sums
from amalgam_worker.tensors.buffers import Scratch


def gram(vectors: list[torch.Tensor], scratch: Scratch) -> torch.Tensor:
    """All dot products of N vectors of shape [n]; float64 of shape [N, N], symmetric.

    Products and sums are float64: squares of small bf16 differences vanish in narrower types.
    """
    return _symmetric(tree_sums(group_sums(_products(vectors, scratch))), len(vectors))


def gram_by_row(vectors: list[torch.Tensor], start: int, columns: int, scratch: Scratch) -> torch.Tensor:
    """Dot products of the parts of matrix rows that lie in a run of the flattened matrix.

    Args:
        vectors: N runs of shape [n], all from element `start` of a matrix with rows of `columns` elements.
    Returns:
        float64 of shape [R, N, N] for the R rows that the run touches, in order.
    """
    rows = list(_row_sums(_products(vectors, scratch), start, columns))
    return _symmetric(torch.cat(rows, dim=1), len(vectors)).permute(2, 0, 1)


def squared_norms(vectors: list[torch.Tensor], scratch: Scratch) -> torch.Tensor:
    """The diagonal of `gram`; float64 of shape [N]."""
    wide = scratch.take("gram", vectors[0].numel(), torch.float64)
    return torch.stack([tree_sums(group_sums(wide.copy_(vector).square_())) for vector in vectors])


def _products(vectors: list[torch.Tensor], scratch: Scratch) -> torch.Tensor:
    """Products of each vector with itself and those before it; float64 of shape [N (N + 1) / 2, n]."""
    count, length = len(vectors), vectors[0].numel()
    wide = scratch.take("gram", count * length, torch.float64).view(count, length)
    for row, vector in zip(wide, vectors, strict=True):
        row.copy_(vector)
    pairs = count * (count + 1) // 2
    products = scratch.take("products", pairs * length, torch.float64).view(pairs, length)
    for product, (first, second) in zip(products, _pairs(count), strict=True):
        torch.mul(wide[first], wide[second], out=product)
    return products


def _symmetric(sums: torch.Tensor, count: int) -> torch.Tensor:
    """[N (N + 1) / 2, ...] to [N, N, ...]."""
    return sums[_places(count)]


@cache
def _places(count: int) -> torch.Tensor:
    places = torch.empty(count, count, dtype=torch.int64)
    for place, (first, second) in enumerate(_pairs(count)):
        places[first, second] = places[second, first] = place
    return places


def _pairs(count: int) -> Iterator[tuple[int, int]]:
    return ((first, second) for first in range(count) for second in range(first + 1))


def _row_sums(values: torch.Tensor, start: int, columns: int) -> Iterator[torch.Tensor]:
    """Sums of a broken first row, of whole rows, and of a broken last row; [P, n] to parts of [P, R]."""
    length = values.shape[1]
    head = min(-start % columns, length)
    whole = (length - head) // columns * columns
    if head:
        yield tree_sums(values[:, :head]).unsqueeze(1)
    if whole:
        yield tree_sums(values[:, head : head + whole].view(len(values), -1, columns))
    if head + whole < length:
        yield tree_sums(values[:, head + whole :]).unsqueeze(1)
