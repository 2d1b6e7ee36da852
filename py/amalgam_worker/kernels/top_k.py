"""The k entries of largest magnitude, found exactly by counting instead of sorting.

The bit pattern of a float32 magnitude, read as an integer, orders as the magnitude does. One pass counts its
top 16 bits, which finds the bin that holds the cut; a second pass counts the low 16 bits inside that bin.
Among equal magnitudes at the cut those of lowest index are kept: the second pass counts per block, so that
the one block in which the quota runs out is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from amalgam_worker.tensors.buffers import Scratch

TOP_BINS = 32_768
TOP_K_BLOCK = 65_536
_LOW_BINS = 65_536


@dataclass(frozen=True, slots=True)
class Cut:
    """Which entries are kept: magnitudes above the threshold, and the first of those equal to it."""

    threshold: int  # bit pattern of a float32 magnitude
    block: int  # the block in which equal entries are kept only in part: all before it, none after it
    kept: int  # so many equal entries are kept in that block


def magnitude_bits(values: torch.Tensor, scratch: Scratch) -> torch.Tensor:
    """Bit patterns of the float32 magnitudes; int32 [n], valid until the next call with this scratch."""
    magnitude = scratch.take("magnitude", values.numel(), torch.float32)
    if values.dtype == torch.float32:
        torch.abs(values, out=magnitude)
    else:
        magnitude.copy_(values).abs_()
    return magnitude.view(torch.int32)


def count_top_bits(values: torch.Tensor, scratch: Scratch) -> torch.Tensor:
    """Numbers of elements by the top 16 bits of their magnitude; int64 [TOP_BINS]."""
    return torch.bincount(_top_bits(magnitude_bits(values, scratch), scratch), minlength=TOP_BINS)


def find_bin(counts: torch.Tensor, k: int) -> tuple[int, int]:
    """The bin that holds the k-th largest magnitude, and its rank, from 1, among the elements of that bin."""
    return _descend(counts, k)


def count_low_bits(values: torch.Tensor, top: int, first_block: int, scratch: Scratch) -> torch.Tensor:
    """Counts the low 16 bits of those magnitudes whose top bits are `top`, block by block.

    Returns:
        int32 [3, m]: block, low bits, number of such elements; for each pair that occurs, in order.
    """
    bits = magnitude_bits(values, scratch)
    # int8 because torch compares into it, but not into bool, with vector instructions.
    inside = torch.eq(_top_bits(bits, scratch), top, out=scratch.take("in bin", bits.numel(), torch.int8))
    places = inside.view(torch.bool).nonzero().squeeze(1)
    low_bits = bits.index_select(0, places).bitwise_and_(_LOW_BINS - 1)
    pairs = low_bits.bitwise_or_((places // TOP_K_BLOCK << 16).to(torch.int32))
    distinct, counts = torch.unique(pairs, return_counts=True)
    return torch.stack([(distinct >> 16) + first_block, distinct & (_LOW_BINS - 1), counts.to(torch.int32)])


def find_cut(counted: torch.Tensor, top: int, rank: int) -> Cut:
    """Finds the cut.

    Args:
        counted: results of `count_low_bits` of the whole tensor, side by side in order; int32 [3, m].
        top, rank: of `find_bin`.
    """
    blocks, low_bits, counts = counted.cpu().to(torch.int64)
    totals = torch.zeros(_LOW_BINS, dtype=torch.int64).index_add_(0, low_bits, counts)
    low, quota = _descend(totals, rank)
    equal = low_bits == low
    blocks, reached = blocks[equal], counts[equal].cumsum(0)
    place = int(torch.searchsorted(reached, quota))
    before = int(reached[place - 1]) if place else 0
    return Cut(top << 16 | low, int(blocks[place]), quota - before)


def keep_largest(values: torch.Tensor, cut: Cut, first_block: int, scratch: Scratch) -> None:
    """Zeroes, in place, the entries that the cut does not keep.

    Args:
        values: [n], from the beginning of block `first_block` on.
    """
    if cut.threshold == 0:
        return
    low = min(max((cut.block - first_block) * TOP_K_BLOCK, 0), values.numel())
    high = min(max((cut.block + 1 - first_block) * TOP_K_BLOCK, 0), values.numel())
    if low < high:
        part = values[low:high]
        equal = (magnitude_bits(part, scratch) == cut.threshold).nonzero().squeeze(1)
        part.index_fill_(0, equal[cut.kept :], 0)
    _zero_below(values[:high], cut.threshold, scratch)
    _zero_below(values[high:], cut.threshold + 1, scratch)


def _zero_below(values: torch.Tensor, bits: int, scratch: Scratch) -> None:
    """Zeroes what has a magnitude below that of the bit pattern `bits`."""
    if values.dtype == torch.float32:
        # hardshrink keeps what is strictly above: the magnitude just below is the limit. It is one fast loop.
        limit = float(torch.tensor(bits - 1, dtype=torch.int32).view(torch.float32))
        torch.ops.aten.hardshrink.out(values, limit, out=values)
    else:
        values.mul_(magnitude_bits(values, scratch) >= bits)


def _top_bits(bits: torch.Tensor, scratch: Scratch) -> torch.Tensor:
    return torch.bitwise_right_shift(bits, 16, out=scratch.take("top bits", bits.numel(), torch.int32))


def _descend(counts: torch.Tensor, k: int) -> tuple[int, int]:
    """Walks the bins from the highest down past k elements; the bin, and the rank left within it."""
    passed = counts.cpu().flip(0).cumsum(0)
    place = int(torch.searchsorted(passed, k))
    found = len(counts) - 1 - place
    return found, k - int(passed[place] - counts[found])
