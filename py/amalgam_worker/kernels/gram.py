"""Dot products in double precision."""

from __future__ import annotations

import torch

from amalgam_worker.tensors.buffers import Scratch


def gram(vectors: list[torch.Tensor], scratch: Scratch) -> torch.Tensor:
    """All dot products of N vectors of shape [n]; float64 of shape [N, N], symmetric.

    Products and sums are float64: squares of small bf16 differences vanish in narrower types.
    """
    count, length = len(vectors), vectors[0].numel()
    wide = scratch.take("gram", count * length, torch.float64).view(count, length)
    for row, vector in zip(wide, vectors, strict=True):
        row.copy_(vector)
    result = torch.empty(count, count, dtype=torch.float64, device=scratch.device)
    for first in range(count):
        for second in range(first + 1):
            result[first, second] = result[second, first] = torch.dot(wide[first], wide[second])
    return result


def gram_by_row(vectors: list[torch.Tensor], start: int, columns: int, scratch: Scratch) -> torch.Tensor:
    """Dot products of the parts of matrix rows that lie in a run of the flattened matrix.

    Args:
        vectors: N runs of shape [n], all from element `start` of a matrix with rows of `columns` elements.
    Returns:
        float64 of shape [R, N, N] for the R rows that the run touches, in order.
    """
    count, length = len(vectors), vectors[0].numel()
    wide = scratch.take("gram", count * length, torch.float64).view(count, length)
    for row, vector in zip(wide, vectors, strict=True):
        row.copy_(vector)
    product = scratch.take("product", length, torch.float64)
    rows = -(-(start + length) // columns) - start // columns
    result = torch.empty(rows, count, count, dtype=torch.float64, device=scratch.device)
    for first in range(count):
        for second in range(first + 1):
            sums = _row_sums(torch.mul(wide[first], wide[second], out=product), start, columns)
            result[:, first, second] = sums
            result[:, second, first] = sums
    return result


def _row_sums(values: torch.Tensor, start: int, columns: int) -> torch.Tensor:
    """Sums of a broken first row, of whole rows, and of a broken last row; [n] to [R]."""
    head = min(-start % columns, values.numel())
    whole = (values.numel() - head) // columns * columns
    parts = []
    if head:
        parts.append(values[:head].sum().reshape(1))
    if whole:
        parts.append(values[head : head + whole].view(-1, columns).sum(1))
    if head + whole < values.numel():
        parts.append(values[head + whole :].sum().reshape(1))
    return torch.cat(parts)
