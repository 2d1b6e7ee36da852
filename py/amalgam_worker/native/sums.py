"""Sums and dot products; see `kernels.sums` and `kernels.gram`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch

from amalgam_worker.native.kernel import COUNT, POINTER, Call, Kernel, addresses, stored

GROUP_SUMS = Kernel("amalgam_group_sums", POINTER, COUNT, POINTER)
GROUP_DOTS = Kernel("amalgam_group_dots", POINTER, COUNT, POINTER, COUNT, COUNT, POINTER)
DOTS = Kernel("amalgam_dots", POINTER, COUNT, POINTER, POINTER, COUNT, COUNT, COUNT, POINTER)
ROW_DOTS = Kernel("amalgam_row_dots", POINTER, POINTER, COUNT, COUNT, COUNT, COUNT, POINTER)

Pairs = Sequence[tuple[torch.Tensor, torch.Tensor]]


def group_sums(call: Call, values: torch.Tensor, groups: int) -> torch.Tensor:
    """[n] to float32 [groups]."""
    sums = torch.empty(groups)
    call(values.data_ptr(), values.numel(), sums.data_ptr())
    return sums


def group_dots(call: Call, pairs: Pairs, groups: int) -> torch.Tensor:
    """P pairs of [n], as they are stored, to float64 [P, groups]."""
    sums = torch.empty(len(pairs), groups, dtype=torch.float64)
    vectors, places = _distinct(pairs)
    call(stored(vectors), len(vectors), places, len(pairs), vectors[0].numel(), sums.data_ptr())
    return sums


def dots(call: Call, pairs: Pairs, block: int, base: torch.Tensor | None = None) -> torch.Tensor:
    """P pairs of [n] to float64 [n / block, P], rounded up; of what each differs from the base, if any.

    Vectors and base are as they are stored.
    """
    vectors, places = _distinct(pairs)
    elements, origin = vectors[0].numel(), None if base is None else stored([base])
    sums = torch.empty(-(-elements // block), len(pairs), dtype=torch.float64)
    call(stored(vectors), len(vectors), origin, places, len(pairs), elements, block, sums.data_ptr())
    return sums


def row_dots(call: Call, pairs: Pairs, start: int, columns: int, rows: int) -> torch.Tensor:
    """P pairs of [n], from element `start` of a matrix on, to float64 [rows, P]."""
    sums = torch.empty(rows, len(pairs), dtype=torch.float64)
    call(*_sides(pairs), len(pairs), pairs[0][0].numel(), start, columns, sums.data_ptr())
    return sums


def _sides(pairs: Pairs) -> tuple[object, object]:
    return addresses([one for one, _ in pairs]), addresses([other for _, other in pairs])


def _distinct(pairs: Pairs) -> tuple[list[torch.Tensor], ctypes.Array[ctypes.c_int64]]:
    """The vectors, each once, and which of them make the pairs."""
    sides = [vector for pair in pairs for vector in pair]
    vectors = {vector.data_ptr(): vector for vector in sides}
    number = {address: place for place, address in enumerate(vectors)}
    return list(vectors.values()), (ctypes.c_int64 * len(sides))(*[number[side.data_ptr()] for side in sides])
