"""Compares compiled task vectors."""

from __future__ import annotations

import torch

from amalgam_worker.native.checks.awkward import LENGTHS, as_stored, awkward, same_bits
from amalgam_worker.native.differences import subtract
from amalgam_worker.native.kernel import STORED_TYPES, Call


def differences_agree(call: Call) -> bool:
    """Whether they have the bits of torch."""
    return all(_alike(call, length, of_base) for length in LENGTHS for of_base in range(len(STORED_TYPES)))


def _alike(call: Call, length: int, of_base: int) -> bool:
    vectors = [as_stored(awkward(length, seed), seed) for seed in range(len(STORED_TYPES))]
    base, results = as_stored(awkward(length, 8), of_base), [torch.empty(length) for _ in vectors]
    subtract(call, vectors, base, results)
    wide = [vector.to(torch.float32) - base.to(torch.float32) for vector in vectors]
    return all(map(same_bits, results, wide))
