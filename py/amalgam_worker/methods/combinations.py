"""Linear combinations of what a chunk holds, by compiled kernels of what is stored."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from amalgam_worker.kernels.combination import linear_combination
from amalgam_worker.methods.method import Chunk
from amalgam_worker.native import combination as native


def combined_models(chunk: Chunk, coefficients: Sequence[float], divisor: float = 1) -> torch.Tensor:
    """`sum_i(c_i * W_i) / divisor` over the base, if there is one, and the inputs; [n]."""
    call = native.COMBINE.call if chunk.is_plain else None
    if call is not None:
        stored = [] if chunk.stored_base is None else [chunk.stored_base]
        models = [*stored, *chunk.stored_inputs]
        return native.combine(call, models, coefficients, None, chunk.take("merged"), divisor)
    models = chunk.inputs if chunk.base is None else [chunk.base, *chunk.inputs]
    result = linear_combination(models, coefficients)
    return result if divisor == 1 else result.div_(divisor)


def combined_deltas(chunk: Chunk, coefficients: Sequence[float]) -> torch.Tensor:
    """`W_0 + sum_i(c_i * (W_i - W_0))` over the inputs, or without a base `sum_i(c_i * W_i)`; [n]."""
    call = native.COMBINE.call if chunk.is_plain else None
    if call is None:
        return linear_combination(chunk.inputs, coefficients, chunk.base)
    return native.combine(call, chunk.stored_inputs, coefficients, chunk.stored_base, chunk.take("merged"))
