"""Compares the compiled variance and selection."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.variance import eager_keep_where_positive, eager_variance
from amalgam_worker.native.checks.awkward import LENGTHS, awkward, same_bits
from amalgam_worker.native.kernel import Call
from amalgam_worker.native.variance import keep_where_positive, variance
from amalgam_worker.tensors.buffers import Scratch


def variance_agrees(call: Call) -> bool:
    """Whether it has the bits of torch."""
    for length in LENGTHS:
        for count in (1, 2, 3, 4, 5):
            vectors, result = _vectors(length, count), torch.empty(length)
            variance(call, vectors, result)
            if not same_bits(result, eager_variance(vectors, Scratch(torch.device("cpu")))):
                return False
    return True


def keep_where_positive_agrees(call: Call) -> bool:
    """Whether it has the bits of torch."""
    for length in LENGTHS:
        given, expected, chosen = _vectors(length, 2), _vectors(length, 2), awkward(length, 9)
        keep_where_positive(call, given, chosen)
        eager_keep_where_positive(expected, chosen)
        if not all(map(same_bits, given, expected)):
            return False
    return True


def _vectors(length: int, count: int) -> list[torch.Tensor]:
    return [awkward(length, number) for number in range(count)]
