"""Dot products of the task vectors of a chunk."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.gram import gram, stored_gram
from amalgam_worker.methods.method import BLOCK, Chunk
from amalgam_worker.native.sums import DOTS


def delta_products(chunk: Chunk) -> torch.Tensor:
    """All dot products per block, of the inputs where there is no base; float64 [B, N, N]."""
    call = DOTS.call if chunk.is_plain else None
    if call is None:
        return gram(chunk.deltas(), BLOCK, chunk.scratch)
    return stored_gram(call, chunk.stored_inputs, chunk.stored_base, BLOCK)
