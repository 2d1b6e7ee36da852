"""Places in the order of magnitude within rows."""

from __future__ import annotations

import numpy as np
import torch

from amalgam_worker.kernels.top_k import magnitude_bits
from amalgam_worker.tensors.buffers import Scratch

# Of fewer elements torch sorts 32-bit keys by comparing them.
_LEAST_SORTED = 32_768


def row_ranks(values: torch.Tensor, columns: int, scratch: Scratch) -> torch.Tensor:
    """How many magnitudes of an element's row come before its own, of equal ones those of lower index.

    Many rows are sorted at once, by row and then by the bits of the float32 magnitude: a long flat sort of
    integers goes by their digits, several times faster than comparing within each row. Bits that all
    have alike, as differences of bfloat16 numbers do, leave room for rows in 32-bit keys.

    Args:
        values: [rows * columns], whole rows one after the other, one at least.
    Returns:
        int32 [rows * columns], from 0 for the smallest; valid until the next call with this scratch.
    """
    bits, elements = magnitude_bits(values, scratch), values.numel()
    if bits.device.type == "cpu":
        _narrow(bits)
    width, rows = int(bits.max()).bit_length(), elements // columns
    groups = max(1, -(-rows >> (31 - width)))
    at_once, dtype = -(-rows // groups), torch.int32
    if groups > 1 and at_once * columns < _LEAST_SORTED:
        at_once, dtype = rows, torch.int64
    ranks = scratch.take("ranks", elements, torch.int32)
    for low in range(0, elements, at_once * columns):
        part = bits[low : low + at_once * columns]
        numbers = torch.arange(len(part) // columns, dtype=dtype, device=bits.device)
        keys = part.view(-1, columns) | numbers.bitwise_left_shift_(width).unsqueeze(1)
        order = torch.sort(keys.view(-1), stable=True).indices
        places = torch.arange(columns, dtype=torch.int32, device=bits.device).repeat(len(numbers))
        ranks[low : low + len(part)].scatter_(0, order, places)
    return ranks


def _narrow(bits: torch.Tensor) -> None:
    """Makes bit patterns smaller, in place, in the same order: without their common zeros, counted from 1."""
    array = bits.numpy().view(np.uint32)
    union = int(np.bitwise_or.reduce(array))
    if union:
        bits.bitwise_right_shift_((union & -union).bit_length() - 1)
        # Less one, zeros are the largest unsigned integers: this is the least of the others.
        bits.sub_(int((array - np.uint32(1)).min())).clamp_min_(0)
