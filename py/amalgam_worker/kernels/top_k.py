"""The k entries of largest magnitude, found exactly by counting instead of sorting.

The bit pattern of a float32 magnitude, read as an integer, orders as the magnitude does. A bracket of two
patterns that hold the cut between them comes from a sample (`sample_bracket`), or from a pass that counts the
top 16 bits. A further pass counts what is above the bracket, and lists what is inside it. Among equal
magnitudes at the cut those of lowest index are kept: the list tells blocks apart, so that the one block in
which the quota runs out is known. Of what is too large for that, a model's tensors in a row, the low 16 bits
are counted, and then, once the cut is known, per block what is equal to it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import ceil, floor, sqrt

import numpy as np
import torch

from amalgam_worker.native import top_k as native
from amalgam_worker.native.kernel import Call
from amalgam_worker.tensors.buffers import Scratch

TOP_BINS = 32_768
TOP_K_BLOCK = 65_536
_LOW_BINS = 65_536
_LARGEST_PATTERN = 2**31 - 1
# Neighbours resemble each other: a bracket of this half-width, in the standard deviations of independent
# draws, rarely misses.
_DEVIATIONS = 6.0
# Differences of bfloat16 numbers have few values: what a larger share than this has is counted, not listed.
_FREQUENT = 1 / 128
MOST_FREQUENT = 4


@dataclass(frozen=True, slots=True)
class Cut:
    """Which entries are kept: magnitudes above the threshold, and the first of those equal to it."""

    threshold: int  # bit pattern of a float32 magnitude
    block: int  # the block in which equal entries are kept only in part: all before it, none after it
    kept: int  # so many equal entries are kept in that block


@dataclass(frozen=True, slots=True)
class Bracket:
    """Bit patterns of magnitudes between which a cut lies, ends included."""

    low: int
    high: int
    frequent: tuple[int, ...] = ()  # patterns in between that very many elements have


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
    if (call := native.COUNT_TOP_BITS.serving(values)) is not None:
        return native.count_top_bits(call, values, TOP_BINS)
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


def bin_bracket(top: int) -> Bracket:
    """A bin of `count_top_bits`."""
    return Bracket(top << 16, top << 16 | (_LOW_BINS - 1))


def count_between(
    values: torch.Tensor, bracket: Bracket, first_block: int, scratch: Scratch
) -> tuple[int, torch.Tensor]:
    """Counts the magnitudes above a bracket, and lists those inside.

    Returns:
        the number above, and int32 [3, m]: block, bit pattern, number of such elements; with the lists of
        further values behind it the blocks of each pattern are in order.
    """
    if (call := native.COUNT_BETWEEN.serving(values)) is not None:
        return count_stored_between(call, values, None, bracket, first_block, scratch)
    bits = magnitude_bits(values, scratch)
    count = _counted_by_numpy if bits.device.type == "cpu" else _counted
    above, keys, counts = count(bits, bracket)
    patterns = keys & (2**32 - 1)
    return above, torch.stack([(keys >> 32) + first_block, patterns, counts]).to(torch.int32)


def count_stored_between(
    call: Call,
    values: torch.Tensor,
    base: torch.Tensor | None,
    bracket: Bracket,
    first_block: int,
    scratch: Scratch,
) -> tuple[int, torch.Tensor]:
    """What `count_between` gives for values less the base, if there is one, by a compiled kernel.

    Args:
        call: of COUNT_BETWEEN.
        values: [n], as they are stored; so is the base.
    """
    low, high, frequent = bracket.low, bracket.high, bracket.frequent
    return native.count_between(call, values, low, high, frequent, first_block, scratch, base)


def _counted_by_numpy(bits: torch.Tensor, bracket: Bracket) -> tuple[int, torch.Tensor, torch.Tensor]:
    """What `_counted` gives; numpy compares into booleans, and finds them, faster than torch."""
    array, frequent_keys, frequent_counts = bits.numpy(), [], []
    inside = (array >= bracket.low) & (array <= bracket.high)
    for pattern in bracket.frequent:
        equal = array == pattern
        inside ^= equal
        for block in range(0, len(array), TOP_K_BLOCK):
            frequent_keys.append((block // TOP_K_BLOCK << 32) | pattern)
            frequent_counts.append(np.count_nonzero(equal[block : block + TOP_K_BLOCK]))
    places = np.flatnonzero(inside)
    keys, counts = np.unique((places // TOP_K_BLOCK << 32) | array[places], return_counts=True)
    return (
        int(np.count_nonzero(array > bracket.high)),
        torch.from_numpy(np.concatenate([np.array(frequent_keys, dtype=np.int64), keys])),
        torch.from_numpy(np.concatenate([np.array(frequent_counts, dtype=np.int64), counts])),
    )


def _counted(bits: torch.Tensor, bracket: Bracket) -> tuple[int, torch.Tensor, torch.Tensor]:
    """The number above; of those inside, on the CPU, the block << 32 | pattern that occur, and how often."""
    places = ((bits >= bracket.low) & (bits <= bracket.high)).nonzero().squeeze(1)
    keys, counts = torch.unique((places // TOP_K_BLOCK << 32) | bits[places], return_counts=True)
    return int((bits > bracket.high).sum()), keys.cpu(), counts.cpu()


def find_cut(counted: torch.Tensor, rank: int) -> Cut | None:
    """Finds the cut; None if it is not among what is counted.

    Args:
        counted: lists of `count_between` of the whole tensor, side by side in order; int32 [3, m].
        rank: how many of what is counted are kept.
    """
    blocks, patterns, counts = counted.cpu().numpy()
    counts = counts.astype(np.int64)
    if not 1 <= rank <= counts.sum():
        return None
    # Halving the few different patterns takes half as long as sorting all that is counted.
    several = np.unique(patterns)
    first, last = 0, len(several) - 1
    while first < last:
        middle = (first + last) // 2
        if counts @ (patterns > several[middle]) < rank:
            last = middle
        else:
            first = middle + 1
    threshold = several[first]
    equal = np.flatnonzero(patterns == threshold)
    quota = rank - int(counts @ (patterns > threshold))
    place, kept = find_place(torch.from_numpy(counts[equal]), quota)
    return Cut(int(threshold), int(blocks[equal[place]]), kept)


def cut_at(bits: torch.Tensor, k: int) -> Cut:
    """The cut that keeps the k largest of a whole tensor's bit patterns; int32 [n] on the CPU."""
    array = bits.numpy()
    threshold = int(np.partition(array, len(array) - k)[len(array) - k])
    quota = k - int(np.count_nonzero(array > threshold))
    last = int(np.flatnonzero(array == threshold)[quota - 1])
    block = last // TOP_K_BLOCK
    return Cut(threshold, block, int(np.count_nonzero(array[block * TOP_K_BLOCK : last + 1] == threshold)))


def sample_bracket(sample: torch.Tensor, share: float) -> Bracket:
    """Where the cut most probably lies.

    Args:
        sample: bit patterns of some of the tensor's magnitudes; int32 [n] on the CPU.
        share: of the whole tensor, what is kept.
    """
    array, count = sample.numpy(), len(sample)
    rank, margin = share * count, _DEVIATIONS * sqrt(share * (1 - share) * count) + 1
    below, above = count - ceil(rank + margin), count - floor(rank - margin)
    places = [place for place in (below, above) if 0 <= place < count]
    ordered = np.partition(array, places) if places else array
    low = int(ordered[below]) if below >= 0 else 0
    high = int(ordered[above]) if above < count else _LARGEST_PATTERN
    patterns, counts = np.unique(array[(array >= low) & (array <= high)], return_counts=True)
    most = np.argsort(-counts, kind="stable")[:MOST_FREQUENT]
    return Bracket(low, high, tuple(patterns[most][counts[most] > _FREQUENT * count].tolist()))


def count_low_bits_in_all(values: torch.Tensor, top: int, scratch: Scratch) -> torch.Tensor:
    """Numbers of elements by the low 16 bits of their magnitude, of those whose top bits are `top`; int64."""
    if (call := native.COUNT_LOW_BITS.serving(values)) is not None:
        return native.count_low_bits(call, values, top, _LOW_BINS)
    bits = magnitude_bits(values, scratch)
    inside = _equal(_top_bits(bits, scratch), top, scratch).view(torch.bool)
    return torch.bincount(bits[inside].bitwise_and_(_LOW_BINS - 1), minlength=_LOW_BINS)


def count_equal(values: torch.Tensor, threshold: int, scratch: Scratch) -> torch.Tensor:
    """Number of elements whose magnitude has the bit pattern `threshold`; int64 []."""
    if (call := native.COUNT_EQUAL.serving(values)) is not None:
        return torch.tensor(call(values.data_ptr(), values.numel(), threshold))
    return torch.count_nonzero(_equal(magnitude_bits(values, scratch), threshold, scratch))


def keep_largest(values: torch.Tensor, cut: Cut, first_block: int, scratch: Scratch) -> None:
    """Zeroes, in place, the entries that the cut does not keep.

    Args:
        values: [n], from the beginning of block `first_block` on.
    """
    if cut.threshold == 0:
        return
    if (call := native.KEEP_LARGEST.serving(values)) is not None:
        native.keep_largest(call, values, cut.threshold, cut.block, cut.kept, first_block)
        return
    low = min(max((cut.block - first_block) * TOP_K_BLOCK, 0), values.numel())
    high = min(max((cut.block + 1 - first_block) * TOP_K_BLOCK, 0), values.numel())
    if low < high:
        part = values[low:high]
        equal = (magnitude_bits(part, scratch) == cut.threshold).nonzero().squeeze(1)
        if len(equal) > cut.kept:
            part.index_fill_(0, equal[cut.kept :], 0)
    _zero_below(values[:high], cut.threshold, scratch)
    _zero_below(values[high:], cut.threshold + 1, scratch)


def _zero_below(values: torch.Tensor, bits: int, scratch: Scratch) -> None:
    """Zeroes what has a magnitude below that of the bit pattern `bits`."""
    if not values.numel():
        return
    if values.dtype == torch.float32:
        # hardshrink keeps what is strictly above: the magnitude just below is the limit. It is one fast loop.
        (limit,) = struct.unpack("=f", struct.pack("=i", bits - 1))
        torch.ops.aten.hardshrink.out(values, limit, out=values)
    else:
        values.mul_(magnitude_bits(values, scratch) >= bits)


def _top_bits(bits: torch.Tensor, scratch: Scratch) -> torch.Tensor:
    return torch.bitwise_right_shift(bits, 16, out=scratch.take("top bits", bits.numel(), torch.int32))


def _equal(bits: torch.Tensor, wanted: int, scratch: Scratch) -> torch.Tensor:
    """1 where equal; int8 because torch compares into it, but not into bool, with vector instructions."""
    return torch.eq(bits, wanted, out=scratch.take("equal", bits.numel(), torch.int8))
