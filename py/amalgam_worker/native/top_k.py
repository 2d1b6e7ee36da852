"""Counting magnitudes, and keeping the largest, in one pass; see `kernels.top_k`."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch

from amalgam_worker.native.kernel import COUNT, POINTER, WHOLE, Call, Kernel, stored
from amalgam_worker.tensors.buffers import Scratch

COUNT_BETWEEN = Kernel(
    "amalgam_count_between",
    *(POINTER, POINTER, COUNT, WHOLE, WHOLE, POINTER, WHOLE, COUNT),
    *(POINTER, POINTER, POINTER, COUNT, POINTER),
)
KEEP_LARGEST = Kernel("amalgam_keep_largest", POINTER, COUNT, POINTER, COUNT)
COUNT_TOP_BITS = Kernel("amalgam_count_top_bits", POINTER, COUNT, POINTER)
COUNT_LOW_BITS = Kernel("amalgam_count_low_bits", POINTER, COUNT, WHOLE, POINTER)
COUNT_EQUAL = Kernel("amalgam_count_equal", POINTER, COUNT, WHOLE)

_BLOCK = 65_536
# Of the sources: vectors are stored whole, whatever is in them.
_SPARE = 16


def count_between(
    call: Call,
    values: torch.Tensor,
    low: int,
    high: int,
    frequent: Sequence[int],
    first_block: int,
    scratch: Scratch,
    base: torch.Tensor | None = None,
) -> tuple[int, torch.Tensor]:
    """The number above, and int32 [3, m]: block, pattern, number, in the order of the blocks.

    Values and base, from which their difference is counted, are as they are stored.
    """
    elements = values.numel()
    capacity = elements + len(frequent) * -(-elements // _BLOCK)
    found = scratch.take("found", 3 * capacity, torch.int32)
    rows = ctypes.c_int64()
    above = call(
        stored([values]),
        None if base is None else stored([base]),
        elements,
        low,
        high,
        (ctypes.c_int32 * len(frequent))(*frequent),
        len(frequent),
        first_block,
        scratch.take("hits", _BLOCK + _SPARE, torch.int32).data_ptr(),
        scratch.take("tally", 4 * _BLOCK, torch.int32).data_ptr(),
        found.data_ptr(),
        capacity,
        ctypes.addressof(rows),
    )
    return above, found.view(3, capacity)[:, : rows.value].clone()


def keep_largest(
    call: Call, values: torch.Tensor, threshold: int, block: int, kept: int, first_block: int
) -> None:
    """Zeroes, in place, what lies after the cut; nothing is before it if `kept` is 0."""
    call(values.data_ptr(), values.numel(), (ctypes.c_int64 * 3)(threshold, block, kept), first_block)


def count_top_bits(call: Call, values: torch.Tensor, bins: int) -> torch.Tensor:
    """int64 [bins]."""
    counts = torch.zeros(bins, dtype=torch.int64)
    call(values.data_ptr(), values.numel(), counts.data_ptr())
    return counts


def count_low_bits(call: Call, values: torch.Tensor, top: int, bins: int) -> torch.Tensor:
    """int64 [bins]."""
    counts = torch.zeros(bins, dtype=torch.int64)
    call(values.data_ptr(), values.numel(), top, counts.data_ptr())
    return counts
