"""Sums against exact ones."""

from __future__ import annotations

import math

import pytest
import torch

from amalgam_worker.kernels.sums import SUM_GROUP, group_sums


@pytest.mark.parametrize("length", [1, 4095, 4096, 4097, 65_536])
@pytest.mark.parametrize("spread", [0.1, 8.0])
def test_sum_of_magnitudes(length: int, spread: float) -> None:
    generator = torch.Generator().manual_seed(length)
    values = torch.exp(torch.randn(length, generator=generator) * spread)
    exact = math.fsum(values.tolist())
    assert abs(math.fsum(group_sums(values).tolist()) - exact) <= 2e-7 * exact
    assert abs(math.fsum(group_sums(values.double()).tolist()) - exact) <= 1e-13 * exact


def test_parts_that_begin_with_groups_have_the_same_sums() -> None:
    values = torch.rand(20 * SUM_GROUP + 3, generator=torch.Generator().manual_seed(1))
    whole = group_sums(values)
    for groups in (1, 2, 16):
        parts = values.split(groups * SUM_GROUP)
        assert torch.equal(torch.cat([group_sums(part) for part in parts]), whole)
