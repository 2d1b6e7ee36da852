"""The best approximation of a matrix by two thin factors."""

from __future__ import annotations

from typing import NamedTuple

import torch

from amalgam_worker.lean_torch import seeded

# A matrix with a shorter side of at most so many is decomposed directly.
_DIRECT = 1024
_SURPLUS = 8
_ROUNDS = 60
# Relative change of the captured energy that ends the iteration.
_SETTLED = 1e-9


class Decomposition(NamedTuple):
    """`left @ diag(values) @ right`: the thin singular value decomposition of a matrix, float64."""

    left: torch.Tensor  # [m, k]
    values: torch.Tensor  # [k], descending
    right: torch.Tensor  # [k, n]


def decompose(matrix: torch.Tensor) -> Decomposition:
    """The decomposition of a whole matrix."""
    return Decomposition(*torch.linalg.svd(matrix.to(torch.float64), full_matrices=False))


def split(found: Decomposition, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The first `rank` terms as two factors, [m, rank] and [rank, n], half of each value in both.

    Signs are fixed by the largest entry of every left vector, which becomes positive.
    """
    left, right = found.left[:, :rank], found.right[:rank]
    largest = left.gather(0, left.abs().argmax(0, keepdim=True)).squeeze(0)
    signs = torch.where(largest < 0, -1.0, 1.0).to(left)
    factors = signs * found.values[:rank].sqrt()
    return left * factors, right * factors[:, None]


def factorise(matrix: torch.Tensor, rank: int, start: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The best approximation of a matrix of shape [m, n] as a product of [m, rank] and [rank, n]; float64.

    A large matrix is decomposed in a subspace that is multiplied by it until the energy of its first `rank`
    directions has settled: Halko, Martinsson & Tropp 2011, arXiv:0909.4061, algorithm 4.4.

    Args:
        start: columns that lie near the wanted ones, float64 [m, k].
    """
    if min(matrix.shape) <= _DIRECT:
        return split(decompose(matrix), rank)
    generator = seeded(0)
    count = min(max(rank, start.shape[1]) + _SURPLUS, *matrix.shape)
    random = torch.randn(matrix.shape[0], count, dtype=torch.float64, generator=generator)
    basis = torch.linalg.qr(torch.cat([start, random], dim=1)[:, :count]).Q
    inside = _inside(basis, matrix)
    for _ in range(_ROUNDS):
        before = inside.values[:rank].square().sum()
        basis = torch.linalg.qr((matrix @ inside.right.T.to(matrix.dtype)).to(torch.float64)).Q
        inside = _inside(basis, matrix)
        after = inside.values[:rank].square().sum()
        if after - before <= _SETTLED * after:
            break
    return split(inside._replace(left=basis @ inside.left), rank)


def _inside(basis: torch.Tensor, matrix: torch.Tensor) -> Decomposition:
    """The decomposition of what a matrix is in an orthonormal basis [m, k]; `left` is in that basis."""
    return decompose(basis.T.to(matrix.dtype) @ matrix)
