"""Compares the compiled variance and selection."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.top_k import Cut
from amalgam_worker.kernels.variance import eager_select_by_variance, eager_variance
from amalgam_worker.native.checks.awkward import LENGTHS, awkward, same_bits
from amalgam_worker.native.kernel import Call
from amalgam_worker.native.variance import select, variance
from amalgam_worker.tensors.buffers import Scratch

_CPU = torch.device("cpu")


def variance_agrees(call: Call) -> bool:
    """Whether it has the bits of torch."""
    for length in LENGTHS[1::2]:
        for count in (1, 2, 3, 4, 5):
            base, result = awkward(length, 9), torch.empty(length)
            variance(call, _vectors(length, count), base, result)
            if not same_bits(result, eager_variance(_vectors(length, count), base, Scratch(_CPU))):
                return False
    return True


def select_agrees(call: Call) -> bool:
    """Whether it has the bits of torch, for cuts in a block, before and behind it."""
    return all(
        _selects_alike(call, length, cut)
        for length in LENGTHS[1::2]
        for cut in (Cut(0x3E000000, 3, 5), Cut(0x3E000000, 2, 1), Cut(0x3F000000, 4, 1), Cut(0, 0, 0))
    )


def _selects_alike(call: Call, length: int, cut: Cut) -> bool:
    given, expected, base = _vectors(length, 3), _vectors(length, 3), awkward(length, 9)
    select(call, given, base, (cut.threshold, cut.block, cut.kept), 3)
    eager_select_by_variance(expected, base, cut, 3, Scratch(_CPU))
    return all(map(same_bits, given, expected))


def _vectors(length: int, count: int) -> list[torch.Tensor]:
    return [awkward(length, number) for number in range(count)]
