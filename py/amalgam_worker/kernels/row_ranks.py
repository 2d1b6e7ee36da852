"""Places in the order of magnitude within rows."""

from __future__ import annotations

import torch


def row_ranks(values: torch.Tensor) -> torch.Tensor:
    """How many magnitudes of an element's row come before its own, of equal ones those of lower index.

    Args:
        values: [rows, columns].
    Returns:
        int64 [rows, columns], from 0 for the smallest.
    """
    order = torch.sort(values.abs(), dim=1, stable=True).indices
    places = torch.arange(values.shape[1], device=values.device).expand_as(order)
    return torch.empty_like(order).scatter_(1, order, places)
