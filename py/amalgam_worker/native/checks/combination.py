"""Compares the compiled linear combination."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.combination import eager_linear_combination
from amalgam_worker.native.checks.awkward import LENGTHS, as_stored, awkward, same_bits
from amalgam_worker.native.combination import combine
from amalgam_worker.native.kernel import Call

_COEFFICIENTS = (0.7, -1.3, 1e-30)
_DIVISOR = -0.6


def combination_agrees(call: Call) -> bool:
    """Whether it gives the bits of torch."""
    return all(_alike(call, length, is_based) for length in LENGTHS for is_based in (False, True))


def _alike(call: Call, length: int, is_based: bool) -> bool:
    vectors = [as_stored(awkward(length, seed), seed) for seed in range(len(_COEFFICIENTS))]
    base = as_stored(awkward(length, 8), 1) if is_based else None
    wide = [vector.to(torch.float32, copy=True) for vector in vectors]
    expected = eager_linear_combination(wide, _COEFFICIENTS, None if base is None else base.to(torch.float32))
    if base is None:
        expected.div_(_DIVISOR)
    return same_bits(combine(call, vectors, _COEFFICIENTS, base, torch.empty(length), _DIVISOR), expected)
