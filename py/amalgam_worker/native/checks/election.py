"""Compares the compiled election."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.sign_election import eager_agreeing_sums
from amalgam_worker.native.checks.awkward import LENGTHS, awkward, same_bits
from amalgam_worker.native.election import elect
from amalgam_worker.native.kernel import Call
from amalgam_worker.tensors.buffers import Scratch

_FACTORS = (0.7, -1.3, 1.0)


def election_agrees(call: Call) -> bool:
    """Whether it gives the bits of torch."""
    return all(
        _agrees(call, length, weights, sign)
        for length in LENGTHS
        for weights, sign in (([0.5, 0.25, 0.4], 1), (None, 1), ([0.5, -0.5, 0.1], -1))
    )


def _agrees(call: Call, length: int, weights: list[float] | None, sign: int) -> bool:
    vectors = [awkward(length, seed) for seed in range(len(_FACTORS))]
    total, divisor = torch.full((length,), 0.1), torch.full((length,), 0.1)
    elect(call, vectors, _FACTORS, weights, sign, total, divisor)
    scratch = Scratch(torch.device("cpu"))
    expected = eager_agreeing_sums(vectors, list(_FACTORS), weights, scratch, sign)
    return same_bits(total, expected[0]) and same_bits(divisor, expected[1])
