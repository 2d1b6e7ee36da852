"""The task-arithmetic family in one pass; see `methods.task_arithmetic`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from amalgam_worker.native.kernel import (
    COUNT,
    NUMBER,
    POINTER,
    WHOLE,
    Call,
    Kernel,
    numbers,
    stored,
)

MERGE_TASK_VECTORS = Kernel(
    "amalgam_merge_task_vectors",
    *(POINTER, WHOLE, POINTER, COUNT, COUNT, COUNT, POINTER, POINTER, WHOLE, POINTER, NUMBER, POINTER),
)
TASK_VECTOR_NORMS = Kernel(
    "amalgam_task_vector_norms", POINTER, POINTER, COUNT, COUNT, COUNT, POINTER, POINTER
)

ALL, NONE, LARGEST, BETWEEN, RANDOM, KEPT = range(6)
_NUMBERS = 11


@dataclass(frozen=True, slots=True)
class Thinning:
    """How a chunk of one task vector is thinned out."""

    kind: int
    kept: Sequence[int] = (0, 0, 0)  # of LARGEST and BETWEEN: as Cut
    outliers: Sequence[int] = (0, 0, 0)  # of BETWEEN: what lies before this cut goes too
    keys: Sequence[int] = ()  # of RANDOM: two for each block of the mask that the chunk touches
    place: int = 0  # of the chunk in the first of these
    limit: int = 0  # a word must be larger
    bits: torch.Tensor | None = None  # of KEPT: uint8, as `pack_kept` makes them, from the chunk's first on


def merge(
    call: Call,
    vectors: Sequence[torch.Tensor],
    are_deltas: bool,
    base: torch.Tensor,
    first_block: int,
    thinnings: Sequence[Thinning],
    factors: Sequence[float],
    elects: bool,
    weights: Sequence[float] | None,
    scale: float,
    result: torch.Tensor,
) -> torch.Tensor:
    """Base plus `scale` times the sum, elected or not, of the thinned task vectors, into the float32 result.

    Args:
        vectors: N of shape [n], as `base`; as they are stored.
        are_deltas: they are task vectors, and not yet to become ones.
        factors: N; each task vector is multiplied by its own.
        weights: N, of which those that agree divide the sum; or None.
    """
    rows, _keys = _packed(thinnings)
    call(
        stored(vectors),
        are_deltas,
        stored([base]),
        len(vectors),
        base.numel(),
        first_block,
        rows,
        numbers(factors),
        elects,
        None if weights is None else numbers(weights),
        scale,
        result.data_ptr(),
    )
    return result


def norms(
    call: Call,
    vectors: Sequence[torch.Tensor],
    base: torch.Tensor,
    first_block: int,
    thinnings: Sequence[Thinning],
    groups: int,
) -> torch.Tensor:
    """Group sums of the magnitudes before and after; float32 [2 * N, groups]."""
    rows, _keys = _packed(thinnings)
    sums = torch.empty(2 * len(vectors), groups)
    call(stored(vectors), stored([base]), len(vectors), base.numel(), first_block, rows, sums.data_ptr())
    return sums


def _packed(thinnings: Sequence[Thinning]) -> tuple[ctypes.Array[ctypes.c_int64], object]:
    """The rows, and what they point to."""
    rows = (ctypes.c_int64 * (_NUMBERS * len(thinnings)))()
    kept_alive = []
    for number, how in enumerate(thinnings):
        keys = (ctypes.c_int32 * len(how.keys))(*how.keys)
        kept_alive.append(keys)
        row: list[ctypes.c_int64 | int] = [
            how.kind,
            *how.kept,
            *how.outliers,
            ctypes.addressof(keys),
            how.place,
            how.limit,
            0 if how.bits is None else how.bits.data_ptr(),
        ]
        rows[number * _NUMBERS : (number + 1) * _NUMBERS] = row
    return rows, kept_alive
