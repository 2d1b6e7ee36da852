"""NearSwap: the base moves to the other model where they are near, and a bounded way where they are not."""

from __future__ import annotations

import torch

from amalgam_worker.methods.method import Chunk, Method, Parameters, Statistics

_SMALLEST_DISTANCE = 1e-6


def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
    """`(1 - q) W_0 + q W_1` with `q = clamp(t / max(|W_1 - W_0|, 1e-6), 0, 1)` per element.

    Source: NearSwap by Alchemonaut, as mergekit documents it.
    """
    assert chunk.base is not None
    (other,) = chunk.inputs
    share = torch.sub(other, chunk.base, out=chunk.take("share")).abs_().clamp_min_(_SMALLEST_DISTANCE)
    share.reciprocal_().mul_(parameters.number("t")).clamp_(0, 1)
    return chunk.base.lerp_(other, share)


NEARSWAP = Method(shared=("t",), per_input=(), combine=combine)
