"""Spherical interpolation."""

from __future__ import annotations

import math

import torch

from amalgam_worker.kernels.gram import gram
from amalgam_worker.methods.method import (
    Chunk,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)

# Beyond this cosine, of either sign, the arc is so short or so ill-defined that a straight line is taken.
_NEARLY_PARALLEL = 0.9995
_NO_DIRECTION = 1e-8


def measure(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    """Dot products of base and input; [2, 2]."""
    assert chunk.base is not None
    return [gram([chunk.base, chunk.inputs[0]], chunk.scratch)]


def gather(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """The factors of base and input; float64 [2]."""
    products = torch.stack([product for (product,) in partials]).sum(0)
    base_norm, input_norm = products.diagonal().sqrt().tolist()
    cosine = float(products[0, 1])
    for norm in (base_norm, input_norm):
        cosine /= norm if norm > _NO_DIRECTION else 1
    cosine = max(-1.0, min(1.0, cosine))
    factors = interpolation_factors(cosine, parameters.number("t"))
    return {"factors": torch.tensor(factors, dtype=torch.float64)}


def interpolation_factors(cosine: float, t: float) -> tuple[float, float]:
    """Factors of the two ends at position t of the arc between them.

    Source: Shoemake 1985, "Animating rotation with quaternion curves".
    """
    if abs(cosine) > _NEARLY_PARALLEL:
        return 1 - t, t
    angle = math.acos(cosine)
    return math.sin((1 - t) * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle)


def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
    """The factors give the place on the arc; they multiply the vectors as they are, not their unit vectors.

    The whole tensor is one vector. A vector of norm <= 1e-8 enters the dot product undivided.
    """
    assert chunk.base is not None
    base_factor, input_factor = statistics["factors"].tolist()
    return chunk.base.mul_(base_factor).add_(chunk.inputs[0], alpha=input_factor)


SLERP = Method(
    shared=("t",), per_input=(), combine=combine, reductions=lambda parameters: (Reduction(measure, gather),)
)
