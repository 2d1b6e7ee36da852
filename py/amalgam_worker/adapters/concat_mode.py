"""Mode `concat`: all factors beside each other."""

from __future__ import annotations

import torch

from amalgam_worker.adapters.factors import Factors
from amalgam_worker.adapters.updates import Updates


def concatenate(updates: Updates) -> Factors:
    """The weighted sum of the updates exactly: A stacked by rows, B by columns, weights and scales in B.

    Only for methods that are weighted sums; the weights are what the method makes of unit vectors.
    """
    units = torch.eye(len(updates.factors), dtype=torch.float64)
    weights = updates.merge_held(updates.step.tensor, list(units)).tolist()
    pairs = [
        (factors, weight)
        for factors, weight in zip(updates.factors, weights, strict=True)
        if factors is not None
    ]
    a = torch.cat([factors.a for factors, _ in pairs], dim=0)
    b = torch.cat([factors.b * (factors.scale * weight / updates.step.scale) for factors, weight in pairs], 1)
    return Factors(a, b, updates.step.scale)
