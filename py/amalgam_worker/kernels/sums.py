"""Sums whose bits IEEE additions define: the same for any vector unit, library, chunk or thread."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import torch

from amalgam_worker.native import sums as native
from amalgam_worker.tensors.buffers import Scratch

# Float32 sums of so many values, formed as trees of partial sums, are off by some 1e-7 of the magnitudes.
SUM_GROUP = 4096
# So many are summed at a time: larger temporaries, freed again and again, leave holes in the heap.
_AT_ONCE = 16 * SUM_GROUP


def tree_sums(values: torch.Tensor) -> torch.Tensor:
    """Adds the second half to the first until one value is left; the middle one of an odd number waits.

    Args:
        values: [..., n].
    Returns:
        [...], of the same type.
    """
    length = values.shape[-1]
    if length == 1:
        return values[..., 0].clone()
    half = (length + 1) // 2
    sums = torch.add(values[..., : length - half], values[..., half:])
    if length % 2:
        sums = torch.cat([sums, values[..., half - 1 : half]], dim=-1)
    while half > 1:
        length, half = half, (half + 1) // 2
        sums[..., : length - half].add_(sums[..., half:length])
    # Not a view, which would hold on to the partial sums.
    return sums[..., 0].clone()


def group_sums(values: torch.Tensor) -> torch.Tensor:
    """Sums of SUM_GROUP values at a time and of the rest, each a tree, to be added in float64.

    Float32 only for values of one sign: nothing is known of what is left where large ones cancel out.

    Args:
        values: [n], float32 or float64.
    Returns:
        [n / SUM_GROUP], rounded up, of the same type.
    """
    call = native.GROUP_SUMS.serving(values)
    if call is None or not values.numel():
        return eager_group_sums(values)
    return native.group_sums(call, values, -(-values.numel() // SUM_GROUP))


def eager_group_sums(values: torch.Tensor) -> torch.Tensor:
    """`group_sums` by torch; [..., n]."""
    length = values.shape[-1]
    grouped = length // SUM_GROUP * SUM_GROUP
    if grouped == 0:
        return tree_sums(values).unsqueeze(-1)
    sums = [
        tree_sums(part.view(*part.shape[:-1], -1, SUM_GROUP))
        for part in torch.split(values[..., :grouped], _AT_ONCE, dim=-1)
    ]
    if grouped < length:
        sums.append(tree_sums(values[..., grouped:]).unsqueeze(-1))
    return torch.cat(sums, dim=-1)


def group_dots(pairs: Sequence[tuple[torch.Tensor, torch.Tensor]], scratch: Scratch) -> torch.Tensor:
    """Sums of products as `group_sums` forms them; in float64 those that leave the range of float32.

    Off by some 1e-7 of the product of the norms, not of the sum: good for angles and lengths of weights, too
    coarse for small differences. Squares below 1e-45 vanish.

    Args:
        pairs: P of [n] and [n].
    Returns:
        float64 [P, n / SUM_GROUP], rounded up.
    """
    length = pairs[0][0].numel()
    call = native.GROUP_DOTS.serving(pairs[0][0])
    if call is None or not length:
        return torch.stack([eager_group_dots(one, other, scratch) for one, other in pairs])
    return native.group_dots(call, pairs, -(-length // SUM_GROUP))


def eager_group_dots(one: torch.Tensor, other: torch.Tensor, scratch: Scratch) -> torch.Tensor:
    """`group_dots` of one pair by torch."""
    product = torch.mul(one, other, out=scratch.take("dots", one.numel(), one.dtype))
    sums = eager_group_sums(product).to(torch.float64)
    if not isfinite(float(sums.sum())):
        wide = eager_group_sums(one.to(torch.float64) * other.to(torch.float64))
        sums = torch.where(sums.isfinite(), sums, wide)
    return sums
