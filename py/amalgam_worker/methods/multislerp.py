"""Interpolation of any number of models on the sphere, by the tangent space at their mean direction."""

from __future__ import annotations

import math

import torch

from amalgam_worker.methods.method import Method, Parameters
from amalgam_worker.methods.span import coefficients_reduction, combine


def solve(products: torch.Tensor, parameters: Parameters) -> torch.Tensor:
    """The coefficients of the point on the sphere, with the weighted mean of the norms.

    The unit vectors are mapped to the tangent space at m, the direction of their weighted mean, averaged
    there and mapped back. Removing its part along m from the mean itself leaves nothing: the step back goes
    nowhere but for `eps`, which is added to its length. Where the directions cancel, the weighted sum is
    taken. One model alone is its own result.

    Source: log and exp maps of the sphere, Buss & Fillmore 2001, "Spherical averages".
    """
    weights = torch.tensor(parameters.each("weight"), dtype=torch.float64)
    if len(weights) == 1:
        return torch.ones_like(weights)
    if parameters.flag("normalize_weights"):
        weights = weights / weights.sum()
    eps = parameters.number("eps")
    norms = products.diagonal().sqrt()
    mean = torch.where(norms > 0, weights / (norms + eps), torch.zeros_like(norms))
    length = float((mean @ products @ mean).clamp_min(0).sqrt())
    if length < eps or length == 0:
        return weights
    return mean / length * math.cos(eps) * (weights @ norms)


MULTISLERP = Method(
    shared=("normalize_weights", "eps"),
    per_input=("weight",),
    combine=combine,
    reductions=lambda parameters: (coefficients_reduction(solve),),
)
