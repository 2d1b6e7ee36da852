"""Compares the compiled counting and cutting. What is checked is not in use yet: torch does it meanwhile."""

from __future__ import annotations

import torch

from amalgam_worker.kernels import top_k
from amalgam_worker.native import top_k as native
from amalgam_worker.native.checks.awkward import LENGTHS, as_stored, awkward, same_bits
from amalgam_worker.native.kernel import Call
from amalgam_worker.tensors.buffers import Scratch

_QUARTER, _HALF, _ONE = 0x3E800000, 0x3F000000, 0x3F800000
_BRACKETS = (
    top_k.Bracket(_QUARTER, _ONE, (_HALF,)),
    top_k.Bracket(0, 0),
    top_k.Bracket(_HALF, 2**31 - 1, (_ONE, _HALF)),
    top_k.Bracket(_QUARTER + 1, _ONE - 1),
)
# Longer than a block: the next one is begun.
_LONG = top_k.TOP_K_BLOCK + 77


def count_between_agrees(call: Call) -> bool:
    """Whether it finds what torch finds."""
    return all(_counted_alike(call, length, bracket) for length in LENGTHS for bracket in _BRACKETS) and (
        _counted_alike(call, _LONG, _BRACKETS[0])
    )


def _counted_alike(call: Call, length: int, bracket: top_k.Bracket) -> bool:
    scratch = Scratch(torch.device("cpu"))
    for number in range(4):
        values = as_stored(awkward(length, 5), number)
        base = as_stored(awkward(length, 7), number // 2) if number else None
        above, found = top_k.count_stored_between(call, values, base, bracket, 3, scratch)
        wide = values.to(torch.float32) if base is None else values.to(torch.float32) - base.to(torch.float32)
        expected, listed = top_k.count_between(wide, bracket, 3, scratch)
        if above != expected or not torch.equal(_rows(found), _rows(listed)):
            return False
    return True


def _rows(found: torch.Tensor) -> torch.Tensor:
    """In one order, whatever order they come in; int64 [2, m]."""
    block, pattern, count = found.to(torch.int64)
    keys, order = torch.sort((block << 32) | pattern)
    return torch.stack([keys, count[order]])


def keep_largest_agrees(call: Call) -> bool:
    """Whether it keeps what torch keeps."""
    cuts = [(1, 3, 1), (_HALF, 3, 2), (_ONE, 9, 1), (_QUARTER + 5, 1, 1)]
    return all(_kept_alike(call, length, top_k.Cut(*cut)) for length in LENGTHS for cut in cuts) and (
        _kept_alike(call, _LONG, top_k.Cut(_HALF, 4, 1))
    )


def _kept_alike(call: Call, length: int, cut: top_k.Cut) -> bool:
    given, expected = awkward(length, 6), awkward(length, 6)
    native.keep_largest(call, given, cut.threshold, cut.block, cut.kept, 3)
    top_k.keep_largest(expected, cut, 3, Scratch(torch.device("cpu")))
    return same_bits(given, expected)


def count_top_bits_agrees(call: Call) -> bool:
    """Whether it counts what torch counts."""
    values = awkward(LENGTHS[-1], 7)
    expected = top_k.count_top_bits(values, Scratch(torch.device("cpu")))
    return torch.equal(native.count_top_bits(call, values, top_k.TOP_BINS), expected)


def count_low_bits_agrees(call: Call) -> bool:
    """Whether it counts what torch counts."""
    values, top = awkward(LENGTHS[-1], 7), _HALF >> 16
    expected = top_k.count_low_bits_in_all(values, top, Scratch(torch.device("cpu")))
    return torch.equal(native.count_low_bits(call, values, top, len(expected)), expected)


def count_equal_agrees(call: Call) -> bool:
    """Whether it counts what torch counts."""
    values, scratch = awkward(LENGTHS[-1], 7), Scratch(torch.device("cpu"))
    return all(
        call(values.data_ptr(), values.numel(), pattern) == int(top_k.count_equal(values, pattern, scratch))
        for pattern in (0, _QUARTER, _HALF, 1)
    )
