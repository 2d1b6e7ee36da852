"""Mode `factor`: the method on all A and on all B, each for itself."""

from __future__ import annotations

import torch

from amalgam_worker.adapters.factors import Factors
from amalgam_worker.adapters.updates import Updates


def merge_factors(updates: Updates) -> Factors:
    """The method's result on the A and on the B, filled up with zeros to one rank.

    It is not the merge of the updates: of two averaged adapters it also holds products of one's B with the
    other's A. The factors keep the scale of the first; the B of one with another scale is multiplied by the
    ratio. A source that has no update counts as zeros.

    Source: the starter kit of the NeurIPS 2024 LLM Merging competition, which loops over the keys.
    """
    step = updates.step
    first = updates.present[0]
    empty = Factors(torch.zeros(0, first.a.shape[1]), torch.zeros(first.b.shape[0], 0), step.scale)
    both = [empty if factors is None else factors for factors in updates.factors]
    dtype, front = updates.dtype, step.padding == "front"
    left = [_widened(factors.a.to(dtype), 0, step.rank, front) for factors in both]
    right = [
        _widened((factors.b * (factors.scale / step.scale)).to(dtype), 1, step.rank, front)
        for factors in both
    ]
    a = updates.merge_held(f"{step.tensor}.lora_A", left)
    b = updates.merge_held(f"{step.tensor}.lora_B", right)
    return Factors(a, b, step.scale)


def _widened(factor: torch.Tensor, axis: int, rank: int, front: bool) -> torch.Tensor:
    shape = list(factor.shape)
    shape[axis] = rank - shape[axis]
    zeros = factor.new_zeros(shape)
    return torch.cat([zeros, factor] if front else [factor, zeros], dim=axis)
