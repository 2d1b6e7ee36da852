"""L1 norms of task vectors that are thinned out by rank; see `methods.della`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from amalgam_worker.kernels.sums import SUM_GROUP
from amalgam_worker.native.kernel import COUNT, POINTER, Call, Kernel, addresses, stored

RANKED_NORMS = Kernel(
    "amalgam_ranked_norms",
    *(POINTER, POINTER, COUNT, COUNT, COUNT, POINTER, POINTER, COUNT, POINTER, POINTER),
)


@dataclass(frozen=True, slots=True)
class RankedMask:
    """The random mask of one task vector's rows."""

    limits: torch.Tensor  # int32 [columns], ascending: by rank, the last word kept
    keys: Sequence[tuple[int, int]]  # of the blocks of words that the rows lie in


def ranked_norms(
    call: Call,
    vectors: Sequence[torch.Tensor],
    base: torch.Tensor,
    masks: Sequence[RankedMask],
    place: int,
    notes: Sequence[torch.Tensor],
) -> torch.Tensor:
    """Group sums of magnitudes before and after; float32 [2 * N, groups].

    Args:
        vectors: N of shape [rows * columns], as `base`; as they are stored.
        place: of the first element in the first block of words.
        notes: filled with what `pack_kept` makes of the rest, N of uint8 [elements / 8], rounded up; or none.
    """
    elements, columns = base.numel(), len(masks[0].limits)
    sums = torch.empty(2 * len(vectors), -(-elements // SUM_GROUP))
    keys = [(ctypes.c_int32 * (2 * len(mask.keys)))(*sum(mask.keys, ())) for mask in masks]
    call(
        stored(vectors),
        stored([base]),
        len(vectors),
        elements // columns,
        columns,
        addresses([mask.limits for mask in masks]),
        (ctypes.c_void_p * len(keys))(*map(ctypes.addressof, keys)),
        place,
        sums.data_ptr(),
        addresses(notes) if notes else (ctypes.c_void_p * len(vectors))(),
    )
    return sums
