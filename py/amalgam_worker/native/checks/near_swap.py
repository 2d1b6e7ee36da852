"""Compares compiled NearSwap; what is checked is not in use, so the method goes by torch."""

from __future__ import annotations

from itertools import product

import torch

from amalgam_worker.methods.method import Chunk, Parameters, TensorFacts
from amalgam_worker.methods.nearswap import NEARSWAP, SMALLEST_DISTANCE
from amalgam_worker.native.checks.awkward import LENGTHS, as_stored, awkward, same_bits
from amalgam_worker.native.kernel import STORED_TYPES, Call
from amalgam_worker.native.near_swap import near_swap
from amalgam_worker.tensors.buffers import Scratch

_FACTORS = (0.3, -0.7, 1e-7, -0.0)


def near_swap_agrees(call: Call) -> bool:
    """Whether it gives the bits of torch."""
    # However they are stored, and in turn with every factor.
    pairs = [*enumerate(product(range(len(STORED_TYPES)), repeat=2))]
    return all(
        _alike(call, as_stored(awkward(length, 8), of_base), as_stored(awkward(length, 1), of_other), t)
        for turn, length in enumerate(LENGTHS)
        for number, (of_base, of_other) in pairs
        for t in [_FACTORS[(turn + number) % len(_FACTORS)]]
    )


def _alike(call: Call, base: torch.Tensor, other: torch.Tensor, t: float) -> bool:
    found = near_swap(call, base, other, t, SMALLEST_DISTANCE, torch.empty(len(base)))
    facts, scratch = TensorFacts("", (len(base),), (0,), 0), Scratch(torch.device("cpu"))
    chunk = Chunk(facts, 0, base, [other], scratch, torch.float32)
    return same_bits(found, NEARSWAP.combine(chunk, {}, Parameters({"t": t}, [{}])))
