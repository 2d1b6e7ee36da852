"""NearSwap: the base moves to the other model where they are near, and a bounded way where they are not."""

from __future__ import annotations

import torch

from amalgam_worker.methods.method import Chunk, Method, Parameters, Statistics
from amalgam_worker.native.near_swap import NEAR_SWAP, near_swap

SMALLEST_DISTANCE = 1e-6


def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
    """`(1 - q) W_0 + q W_1` with `q = clamp(t / max(|W_1 - W_0|, 1e-6), 0, 1)` per element.

    Source: NearSwap by Alchemonaut, as mergekit documents it.
    """
    t, call = parameters.number("t"), NEAR_SWAP.call if chunk.is_plain else None
    if call is not None:
        assert chunk.stored_base is not None
        (stored,) = chunk.stored_inputs
        return near_swap(call, chunk.stored_base, stored, t, SMALLEST_DISTANCE, chunk.take("merged"))
    assert chunk.base is not None
    (other,) = chunk.inputs
    # Without -0: where that is reached, torch's sign of it depends on the place.
    other.add_(0)
    share = torch.sub(other, chunk.base, out=chunk.take("share")).abs_().clamp_min_(SMALLEST_DISTANCE)
    share.reciprocal_().mul_(t).clamp_(0, 1)
    return chunk.base.lerp_(other, share)


NEARSWAP = Method(shared=("t",), per_input=(), combine=combine)
