"""Mode `delta`: the method on the updates themselves, whose result is made thin again."""

from __future__ import annotations

import torch

from amalgam_worker.adapters.factors import Factors
from amalgam_worker.adapters.singular_values import factorise
from amalgam_worker.adapters.sources import is_transposed
from amalgam_worker.adapters.updates import Updates
from amalgam_worker.adapters.whole_tensors import Source
from amalgam_worker.tensors.lora import LoraFactors


def merge_deltas(updates: Updates) -> Factors:
    """The method on `s_i B_i A_i`, as the weight is stored, then the best approximation of the step's rank.

    One matrix of the weight's size is held in memory.
    """
    step, transposed = updates.step, is_transposed(updates.step)
    sources = [_update(factors, transposed, updates.dtype) for factors in updates.factors]
    stored = updates.merge(step.tensor, step.shape, sources, updates.dtype)
    start = torch.cat([factors.b for factors in updates.present], dim=1)
    b, a = factorise(stored.T if transposed else stored, step.rank, start)
    return Factors(a, b / step.scale, step.scale)


def _update(factors: Factors | None, transposed: bool, dtype: torch.dtype) -> Source:
    """The update's elements in the order of the stored weight; zeros for none."""
    if factors is None:
        return lambda start, count: torch.zeros(count, dtype=dtype)
    a, b = factors.a.to(dtype), factors.b.to(dtype)
    left, right = (a.T.contiguous(), b.T.contiguous()) if transposed else (b, a)
    product = LoraFactors(left, right, factors.scale)

    def take(start: int, count: int) -> torch.Tensor:
        values = torch.zeros(count, dtype=dtype)
        product.add_to(values, start)
        return values

    return take
