"""Sums that are fast and lose next to nothing."""

from __future__ import annotations

from math import isfinite

import torch

from amalgam_worker.tensors.buffers import Scratch

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


def group_dots(one: torch.Tensor, other: torch.Tensor, scratch: Scratch) -> torch.Tensor:
    """Sums of products as `group_sums` forms them; in float64 those that leave the range of float32.

    Off by some 1e-7 of the product of the norms, not of the sum: good for angles and lengths of weights, too
    coarse for small differences. Squares below 1e-45 vanish.
    """
    product = torch.mul(one, other, out=scratch.take("dots", one.numel(), one.dtype))
    sums = group_sums(product).to(torch.float64)
    if not isfinite(float(sums.sum())):
        wide = group_sums(one.to(torch.float64) * other.to(torch.float64))
        sums = torch.where(sums.isfinite(), sums, wide)
    return sums
