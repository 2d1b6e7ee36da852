"""Dot products in double precision; the trees of `sums` fix their bits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import torch

from amalgam_worker.kernels.sums import eager_group_sums, tree_sums
from amalgam_worker.native import sums as native
from amalgam_worker.native.kernel import Call
from amalgam_worker.tensors.buffers import Scratch

Pairs = Sequence[tuple[torch.Tensor, torch.Tensor]]


def gram(vectors: list[torch.Tensor], block: int, scratch: Scratch) -> torch.Tensor:
    """All dot products of N vectors of shape [n], per block of so many elements.

    Products and sums are float64: squares of small bf16 differences vanish in narrower types.

    Returns:
        float64 of shape [B, N, N], symmetric, for the n / block blocks, rounded up.
    """
    return _dots(_pairs(vectors), block, scratch)[:, _places(len(vectors))]


def stored_gram(
    call: Call, vectors: list[torch.Tensor], base: torch.Tensor | None, block: int
) -> torch.Tensor:
    """What `gram` gives for the differences of N vectors to a base, if there is one, by a compiled kernel.

    Args:
        call: of DOTS.
        vectors: N of shape [n], as they are stored; so is the base.
    """
    return native.dots(call, _pairs(vectors), block, base)[:, _places(len(vectors))]


def gram_by_row(vectors: list[torch.Tensor], start: int, columns: int, scratch: Scratch) -> torch.Tensor:
    """Dot products of the parts of matrix rows that lie in a run of the flattened matrix.

    Args:
        vectors: N runs of shape [n], all from element `start` of a matrix with rows of `columns` elements.
    Returns:
        float64 of shape [R, N, N] for the R rows that the run touches, in order.
    """
    pairs, call = _pairs(vectors), native.ROW_DOTS.serving(vectors[0])
    if call is None:
        sums = eager_row_dots(pairs, start, columns, scratch)
    else:
        rows = -(-(start + vectors[0].numel()) // columns) - start // columns
        sums = native.row_dots(call, pairs, start, columns, rows)
    return sums[:, _places(len(vectors))]


def squared_norms(vectors: list[torch.Tensor], block: int, scratch: Scratch) -> torch.Tensor:
    """The diagonals of `gram`; float64 of shape [B, N]."""
    return _dots([(vector, vector) for vector in vectors], block, scratch)


def _dots(pairs: Pairs, block: int, scratch: Scratch) -> torch.Tensor:
    call = native.DOTS.serving(pairs[0][0])
    return eager_dots(pairs, block, scratch) if call is None else native.dots(call, pairs, block)


def eager_dots(pairs: Pairs, block: int, scratch: Scratch) -> torch.Tensor:
    """Dot products of P pairs by torch, per block a tree over the sums of groups; float64 [B, P]."""
    sums = []
    for low in range(0, pairs[0][0].numel(), block):
        parts = [(one[low : low + block], other[low : low + block]) for one, other in pairs]
        sums.append(tree_sums(eager_group_sums(_products(parts, scratch))))
    return torch.stack(sums)


def eager_row_dots(pairs: Pairs, start: int, columns: int, scratch: Scratch) -> torch.Tensor:
    """Dot products of P pairs by row, as `gram_by_row` tells, by torch; float64 [R, P]."""
    return torch.cat(list(_row_sums(_products(pairs, scratch), start, columns)), dim=1).T


def _products(pairs: Pairs, scratch: Scratch) -> torch.Tensor:
    """float64 of shape [P, n]."""
    length = pairs[0][0].numel()
    distinct = {vector.data_ptr(): vector for pair in pairs for vector in pair}
    room = scratch.take("factors", len(distinct) * length, torch.float64).view(-1, length)
    wide = {place: row.copy_(distinct[place]) for place, row in zip(distinct, room, strict=True)}
    products = scratch.take("products", len(pairs) * length, torch.float64).view(-1, length)
    for product, (one, other) in zip(products, pairs, strict=True):
        torch.mul(wide[one.data_ptr()], wide[other.data_ptr()], out=product)
    return products


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


def _pairs(vectors: list[torch.Tensor]) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Each with itself and with those before it."""
    return [(one, other) for number, one in enumerate(vectors) for other in vectors[: number + 1]]


@cache
def _places(count: int) -> torch.Tensor:
    """Where in `_pairs` each two of so many are; int64 [N, N]."""
    rows = [
        [max(one, other) * (max(one, other) + 1) // 2 + min(one, other) for other in range(count)]
        for one in range(count)
    ]
    return torch.tensor(rows)
