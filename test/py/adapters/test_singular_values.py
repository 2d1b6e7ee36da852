"""The best approximation by thin factors."""

from __future__ import annotations

import pytest
import torch

from amalgam_worker.adapters import singular_values
from amalgam_worker.adapters.singular_values import factorise


def with_values(values: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """A matrix of known singular values."""
    generator = torch.Generator().manual_seed(3)
    left = torch.linalg.qr(torch.randn(rows, len(values), dtype=torch.float64, generator=generator)).Q
    right = torch.linalg.qr(torch.randn(columns, len(values), dtype=torch.float64, generator=generator)).Q
    return left * values @ right.T


@pytest.mark.parametrize("shape", [(90, 140), (140, 90)])
@pytest.mark.parametrize("known", [0, 5, 60])
def test_a_subspace_finds_what_the_whole_decomposition_finds(
    monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int], known: int
) -> None:
    """Also from columns that say nothing, or are more than are wanted."""
    matrix = with_values(0.9 ** torch.arange(80, dtype=torch.float64), *shape)
    start = torch.randn(shape[0], known, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    left, right = factorise(matrix, 6, start)
    monkeypatch.setattr(singular_values, "_DIRECT", 8)
    near_left, near_right = factorise(matrix, 6, start)
    rest = torch.linalg.matrix_norm(matrix - left @ right)
    assert torch.linalg.matrix_norm(matrix - near_left @ near_right) <= rest * (1 + 1e-7)


def test_nothing_is_made_of_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(singular_values, "_DIRECT", 4)
    left, right = factorise(torch.zeros(20, 30), 3, torch.zeros(20, 2, dtype=torch.float64))
    assert left.shape == (20, 3) and right.shape == (3, 30)
    assert not left.any() and not right.any()
