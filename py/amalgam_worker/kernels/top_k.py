"""The k entries of largest magnitude, found exactly by counting instead of sorting.

The bit pattern of a float32 magnitude, read as an integer, orders as the magnitude does. One pass counts its
top 16 bits, which finds the bin that holds the cut; a second pass counts the low 16 bits inside that bin.
Among equal magnitudes at the cut those of lowest index are kept: the second pass counts per block, so that
the one block in which the quota runs out is known. Of what is too large for that, a model's tensors in a row,
a third pass counts per block, once the cut is known.
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
    place, rank = find_place(counts.flip(0), k)
    return len(counts) - 1 - place, rank


def find_place(counts: torch.Tensor, k: int) -> tuple[int, int]:
    """The first place up to which k are counted, and the rank of the k-th, from 1, within that place."""
    counts = counts.cpu()
    passed = counts.cumsum(0)
    place = int(torch.searchsorted(passed, k))
    return place, k - int(passed[place] - counts[place])


def count_low_bits(values: torch.Tensor, top: int, first_block: int, scratch: Scratch) -> torch.Tensor:
    """Counts the low 16 bits of those magnitudes whose top bits are `top`, block by block.

    Returns:
        int32 [3, m]: block, low bits, number of such elements; for each pair that occurs, in order.
    """
    places, low_bits = _in_bin(values, top, scratch)
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
    low, quota = find_bin(totals, rank)
    equal = low_bits == low
    place, kept = find_place(counts[equal], quota)
    return Cut(top << 16 | low, int(blocks[equal][place]), kept)


def count_low_bits_in_all(values: torch.Tensor, top: int, scratch: Scratch) -> torch.Tensor:
    """Numbers of elements by the low 16 bits of their magnitude, of those whose top bits are `top`; int64."""
    return torch.bincount(_in_bin(values, top, scratch)[1], minlength=_LOW_BINS)


def count_equal(values: torch.Tensor, threshold: int, scratch: Scratch) -> torch.Tensor:
    """Number of elements whose magnitude has the bit pattern `threshold`; int64 []."""
    return torch.count_nonzero(_equal(magnitude_bits(values, scratch), threshold, scratch))


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


def _in_bin(values: torch.Tensor, top: int, scratch: Scratch) -> tuple[torch.Tensor, torch.Tensor]:
    """Places, and low 16 bits, of the magnitudes whose top bits are `top`; int64 and int32 [m]."""
    bits = magnitude_bits(values, scratch)
    inside = _equal(_top_bits(bits, scratch), top, scratch)
    places = inside.view(torch.bool).nonzero().squeeze(1)
    return places, bits.index_select(0, places).bitwise_and_(_LOW_BINS - 1)


def _equal(bits: torch.Tensor, wanted: int, scratch: Scratch) -> torch.Tensor:
    """1 where equal; int8 because torch compares into it, but not into bool, with vector instructions."""
    return torch.eq(bits, wanted, out=scratch.take("equal", bits.numel(), torch.int8))
