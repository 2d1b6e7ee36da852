"""Sums that are fast and lose next to nothing."""

from __future__ import annotations

import torch

# Float32 sums of so many values, formed as trees of partial sums, are off by some 1e-7 of the magnitudes.
SUM_GROUP = 4096


def group_sums(values: torch.Tensor) -> torch.Tensor:
    """Sums of SUM_GROUP values at a time and of the rest, to be added in float64.

    Only for values of one sign: nothing is known of what is left where large ones cancel out.

    Args:
        values: [n], float32 or float64.
    Returns:
        [n / SUM_GROUP], rounded up, of the same type.
    """
    grouped = values.numel() // SUM_GROUP * SUM_GROUP
    if grouped == 0:
        return values.sum(0, keepdim=True)
    sums = values[:grouped].view(-1, SUM_GROUP).sum(1)
    return sums if grouped == values.numel() else torch.cat([sums, values[grouped:].sum(0, keepdim=True)])
