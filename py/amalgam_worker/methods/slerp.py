"""Spherical interpolation."""

from __future__ import annotations

import math

import torch

from amalgam_worker.kernels.sums import SUM_GROUP, group_dots, tree_sums
from amalgam_worker.methods.combinations import combined_models
from amalgam_worker.methods.method import (
    Chunk,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.native.sums import GROUP_DOTS
from amalgam_worker.native.sums import group_dots as stored_group_dots

# Beyond this cosine, of either sign, the arc is so short or so ill-defined that a straight line is taken.
_NEARLY_PARALLEL = 0.9995
_NO_DIRECTION = 1e-8


def measure(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    """Dot products of base and base, base and input, input and input; float64 [3, groups]."""
    call = GROUP_DOTS.call if chunk.is_plain else None
    base, other = (
        (chunk.base, chunk.inputs[0]) if call is None else (chunk.stored_base, chunk.stored_inputs[0])
    )
    assert base is not None
    pairs = ((base, base), (base, other), (other, other))
    if call is None:
        return [group_dots(pairs, chunk.scratch)]
    return [stored_group_dots(call, pairs, -(-chunk.elements // SUM_GROUP))]


def gather(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """The factors of base and input; float64 [2]."""
    # The same groups for any chunks: so are the bits of their sum.
    of_base, product, of_input = tree_sums(torch.cat([sums for (sums,) in partials], dim=1)).tolist()
    norms, t = [math.sqrt(of_base), math.sqrt(of_input)], parameters.number("t")
    divisors = [norm if norm > _NO_DIRECTION else 1.0 for norm in norms]
    cosine = max(-1.0, min(1.0, product / divisors[0] / divisors[1]))
    factors = torch.tensor(interpolation_factors(cosine, t), dtype=torch.float64)
    if parameters.choice("norm") != "preserve":
        factors /= torch.tensor(divisors, dtype=torch.float64)
    if parameters.choice("norm") == "interp":
        factors *= (1 - t) * norms[0] + t * norms[1]
    return {"factors": factors}


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

    With the norm `unit` they do multiply unit vectors, with `interp` these times the norm between the two.
    The whole tensor is one vector. A vector of norm <= 1e-8 enters the dot product undivided.
    """
    return combined_models(chunk, statistics["factors"].tolist())


SLERP = Method(
    shared=("t", "norm"),
    per_input=(),
    combine=combine,
    reductions=lambda parameters: (Reduction(measure, gather, "per chunk"),),
)
