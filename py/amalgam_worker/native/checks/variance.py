"""Compares the compiled variance, and what is made of it."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.top_k import TOP_K_BLOCK, Cut
from amalgam_worker.kernels.variance import (
    Sifted,
    eager_merge_selected,
    eager_sift_variances,
    eager_variance,
)
from amalgam_worker.native import variance as native
from amalgam_worker.native.checks.awkward import LENGTHS, as_stored, awkward, same_bits
from amalgam_worker.native.kernel import Call
from amalgam_worker.tensors.buffers import Scratch

_CPU = torch.device("cpu")


def variance_agrees(call: Call) -> bool:
    """Whether it has the bits of torch."""
    for length in LENGTHS[1::2]:
        for count in (1, 2, 3, 4, 5):
            base, result = awkward(length, 9), torch.empty(length)
            native.variance(call, _stored(length, count), base, result)
            if not same_bits(result, eager_variance(_vectors(length, count), base, Scratch(_CPU))):
                return False
    return True


def sift_variances_agrees(call: Call) -> bool:
    """Whether it finds what torch finds, in one block and where a second begins."""
    brackets = ((0x3E000000, 0x3F000000), (0x3DE38E39, 0x3DE38E39), (1, 0x7F800000))
    return all(
        _sifted_alike(call, length, count, low, high)
        for length, count in ((1, 3), (2069, 2), (2069, 3), (2069, 5), (5000, 4))
        for low, high in brackets
    ) and _sifted_alike(call, TOP_K_BLOCK + 77, 3, *brackets[0])


def _sifted_alike(call: Call, length: int, count: int, low: int, high: int) -> bool:
    base, scratch = awkward(length, 9), Scratch(_CPU)
    found = Sifted(*native.sift_variances(call, _stored(length, count), base, low, high, 3, scratch))
    expected = eager_sift_variances(_vectors(length, count), base, low, high, 3, scratch)
    return same_sifted(found, expected)


def same_sifted(one: Sifted, other: Sifted) -> bool:
    """Whether two are equal to the bit, whatever the order of their rows."""
    if (one.above, one.nonzero, len(one.squares)) != (other.above, other.nonzero, len(other.squares)):
        return False
    pairs = zip(_in_order(one), _in_order(other), strict=True)
    return all(torch.allclose(left, right, rtol=0, atol=0, equal_nan=True) for left, right in pairs)


def _in_order(sifted: Sifted) -> tuple[torch.Tensor, ...]:
    block, pattern, count = sifted.inside.to(torch.int64)
    keys, order = torch.sort((block << 32) | pattern)
    return keys, count[order], sifted.squares[order], sifted.energies


def merge_selected_agrees(call: Call) -> bool:
    """Whether it has the bits of torch, for cuts in a block, before and behind it."""
    return all(
        _merged_alike(call, length, count, cut)
        for length, count in ((1, 3), (1024, 2), (2069, 3), (2069, 4), (2069, 5))
        for cut in (Cut(0x3E000000, 3, 5), Cut(0x3E000000, 2, 1), Cut(0x3F000000, 4, 1), Cut(0, 0, 0))
    ) and _merged_alike(call, TOP_K_BLOCK + 77, 3, Cut(0x3E000000, 4, 1))


def _merged_alike(call: Call, length: int, count: int, cut: Cut) -> bool:
    weights, base, result = [0.5, 0.3, 0.2, 0.1, 0.0][:count], awkward(length, 9), torch.empty(length)
    packed = (cut.threshold, cut.block, cut.kept)
    native.merge_selected(call, _stored(length, count), base, packed, 3, weights, 1e-6, result)
    expected = eager_merge_selected(_vectors(length, count), base, cut, 3, weights, 1e-6, Scratch(_CPU))
    return same_bits(result, expected)


def _stored(length: int, count: int) -> list[torch.Tensor]:
    """Of several types, as models are."""
    return [as_stored(awkward(length, number), length + number) for number in range(count)]


def _vectors(length: int, count: int) -> list[torch.Tensor]:
    """The same, cast."""
    return [values.to(torch.float32) for values in _stored(length, count)]
