"""Compares the compiled random masks."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.drop_by_rank import eager_drop_by_rank
from amalgam_worker.kernels.keep_mask import MASK_BLOCK, eager_drop_at_random, mask_key
from amalgam_worker.native.checks.awkward import LENGTHS, awkward, same_bits
from amalgam_worker.native.kernel import Call
from amalgam_worker.native.random_drop import drop_at_random, drop_by_rank
from amalgam_worker.tensors.buffers import Scratch

_KEYS = [mask_key(5, 1, "self-check", block) for block in range(2)]


def drop_at_random_agrees(call: Call) -> bool:
    """Whether it gives the bits of torch."""
    return all(
        _dropped_alike(call, length, limit) for length in LENGTHS for limit in (0, -(2**30), 2**31 - 1)
    )


def _dropped_alike(call: Call, length: int, limit: int) -> bool:
    given, expected = awkward(length, 3), awkward(length, 3)
    drop_at_random(call, given, _KEYS[0], 77, limit)
    eager_drop_at_random(expected, _KEYS[0], 77, limit, Scratch(torch.device("cpu")))
    return same_bits(given, expected)


def drop_by_rank_agrees(call: Call) -> bool:
    """Whether it gives the bits of torch; blocks end within rows."""
    return all(_ranked_alike(call, length, spread) for length in LENGTHS[1::2] for spread in (0.0, 0.05, 0.6))


def _ranked_alike(call: Call, columns: int, spread: float) -> bool:
    length = columns * max(1, 3000 // columns)
    given, expected = awkward(length, 4), awkward(length, 4)
    limits = (torch.linspace(-spread, spread, columns, dtype=torch.float64) * 2**31).to(torch.int32)
    low = MASK_BLOCK - length // 2
    drop_by_rank(call, given, limits, _KEYS, low)
    eager_drop_by_rank(expected, limits, _KEYS, low, Scratch(torch.device("cpu")))
    return same_bits(given, expected)
