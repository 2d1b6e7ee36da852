"""Modes `core` and `svd`: the method in the small space that all factors span."""

from __future__ import annotations

import torch

from amalgam_worker.adapters.factors import Factors
from amalgam_worker.adapters.singular_values import decompose, split
from amalgam_worker.adapters.updates import Updates


def merge_in_core(updates: Updates) -> Factors:
    """The method on `U^T (s_i B_i A_i) V`, brought back by `U` and `V`; the best of the step's rank.

    U is an orthonormal basis of all columns of the B, V of all rows of the A: nothing of an update is lost.
    With a weighted sum it is the sum of the updates itself. No matrix of the weight's size is formed.

    Source: Panariello et al. 2025, arXiv:2509.17786, with products in place of equal ranks.
    """
    scale = updates.step.scale
    left = _basis(torch.cat([factors.b * (factors.scale / scale) for factors in updates.present], dim=1))
    right = _basis(torch.cat([factors.a for factors in updates.present], dim=0).T)
    zeros = torch.zeros(left.shape[1], right.shape[1], dtype=torch.float64)
    cores = [
        zeros if factors is None else (left.T @ (factors.b * (factors.scale / scale))) @ (factors.a @ right)
        for factors in updates.factors
    ]
    core = updates.merge_held(updates.step.tensor, cores)
    inside = decompose(core)
    b, a = split(inside._replace(left=left @ inside.left, right=inside.right @ right.T), updates.step.rank)
    return Factors(a, b, scale)


def _basis(columns: torch.Tensor) -> torch.Tensor:
    """The left singular vectors of a tall matrix [n, k], in the order of their values; [n, min(n, k)]."""
    return decompose(columns).left
