"""Compares the compiled linear combination."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.combination import eager_linear_combination
from amalgam_worker.native.checks.awkward import LENGTHS, awkward, same_bits
from amalgam_worker.native.combination import combine
from amalgam_worker.native.kernel import Call

_COEFFICIENTS = (0.7, -1.3, 1e-30)


def combination_agrees(call: Call) -> bool:
    """Whether it gives the bits of torch."""
    return all(_alike(call, length, is_based) for length in LENGTHS for is_based in (False, True))


def _alike(call: Call, length: int, is_based: bool) -> bool:
    given, expected = ([awkward(length, seed) for seed in range(len(_COEFFICIENTS))] for _ in range(2))
    bases: list[torch.Tensor | None] = [awkward(length, 8) if is_based else None for _ in range(2)]
    return same_bits(
        combine(call, given, _COEFFICIENTS, bases[0]),
        eager_linear_combination(expected, _COEFFICIENTS, bases[1]),
    )
