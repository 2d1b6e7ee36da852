"""Karcher mean: the point of the sphere with the least sum of squared angles to all models."""

from __future__ import annotations

import math

import torch

from amalgam_worker.methods.method import Method, Parameters
from amalgam_worker.methods.span import coefficients_reduction, combine

# Sines below this say nothing: a cosine in float64 knows its angle to 1e-8.
_NO_DIRECTION = 1e-6


def solve(products: torch.Tensor, parameters: Parameters) -> torch.Tensor:
    """The coefficients of the mean direction, with the mean of the norms."""
    tolerance = parameters.number("tol")
    norms = products.diagonal().sqrt()
    used = (norms > tolerance).nonzero().squeeze(1)
    coefficients = torch.zeros_like(norms)
    if len(used):
        lengths = norms[used]
        cosines = (products[used][:, used] / (lengths.unsqueeze(0) * lengths.unsqueeze(1))).clamp(-1, 1)
        direction = mean_direction(cosines, int(parameters.number("max_iter")), tolerance)
        coefficients[used] = direction / lengths * norms.mean()
    return coefficients


def mean_direction(cosines: torch.Tensor, iterations: int, tolerance: float) -> torch.Tensor:
    """Gradient steps to the Karcher mean of unit vectors, equally weighted.

    Vectors nearer than `tolerance` to the present mean, and opposite ones, to which every direction leads,
    take no part in a step.

    Source: Karcher 1977, "Riemannian center of mass and mollifier smoothing".

    Args:
        cosines: dot products of the unit vectors, float64 [N, N].
        iterations: most steps taken.
        tolerance: the length of a step, in radians, that ends the search.
    Returns:
        The mean's coefficients, float64 [N]; a unit vector.
    """
    count = len(cosines)
    mean = torch.full((count,), 1 / count, dtype=torch.float64)
    length = _length(mean, cosines)
    if length < tolerance:
        mean = torch.eye(count, dtype=torch.float64)[0]
        length = 1.0
    mean = mean / length
    for _ in range(iterations):
        reached = (cosines @ mean).clamp(-1, 1)
        angles = reached.acos()
        sines = angles.sin()
        taken = (angles >= tolerance) & (sines > _NO_DIRECTION)
        factors = torch.where(taken, angles / sines / count, torch.zeros_like(angles))
        step = factors - (factors @ reached) * mean
        length = _length(step, cosines)
        if length < tolerance:
            break
        mean = math.cos(length) * mean + math.sin(length) / length * step
        mean = mean / _length(mean, cosines)
    return mean


def _length(coefficients: torch.Tensor, cosines: torch.Tensor) -> float:
    return math.sqrt(max(0.0, float(coefficients @ cosines @ coefficients)))


KARCHER = Method(
    shared=("max_iter", "tol"),
    per_input=(),
    combine=combine,
    reductions=lambda parameters: (coefficients_reduction(solve),),
)
