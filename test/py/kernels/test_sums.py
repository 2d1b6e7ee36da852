"""Sums against exact ones."""

from __future__ import annotations

import math

import pytest
import torch

from amalgam_worker.kernels.sums import close_sum


@pytest.mark.parametrize("length", [0, 1, 4095, 4096, 4097, 65_536])
@pytest.mark.parametrize("spread", [0.1, 8.0])
def test_sum_of_magnitudes(length: int, spread: float) -> None:
    generator = torch.Generator().manual_seed(length)
    values = torch.exp(torch.randn(length, generator=generator) * spread)
    exact = math.fsum(values.tolist())
    assert abs(float(close_sum(values)) - exact) <= 2e-7 * exact
    assert abs(float(close_sum(values.double())) - exact) <= 1e-15 * exact * max(1, length)
