"""Sums against exact ones."""

from __future__ import annotations

import math

import pytest
import torch

from amalgam_worker.kernels.sums import SUM_GROUP, group_dots, group_sums
from amalgam_worker.tensors.buffers import Scratch


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


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("apart", [2.0, 0.03, 1e-3])
def test_cosine_of_weights(dtype: torch.dtype, apart: float) -> None:
    generator, scratch = torch.Generator().manual_seed(7), Scratch(torch.device("cpu"))
    one = torch.randn(300_000, generator=generator)
    other = (one + torch.randn(300_000, generator=generator) * apart).to(dtype).float()
    dots = [math.fsum(sums) for sums in group_dots([(one, one), (one, other), (other, other)], scratch)]
    exact = [
        math.fsum((x.double() * y.double()).tolist()) for x, y in ((one, one), (one, other), (other, other))
    ]
    assert abs(dots[0] / exact[0] - 1) < 1e-7
    assert abs(dots[1] / math.sqrt(dots[0] * dots[2]) - exact[1] / math.sqrt(exact[0] * exact[2])) < 2e-8


def test_products_beyond_float32() -> None:
    values = torch.ones(3 * SUM_GROUP)
    values[SUM_GROUP] = 1e30
    values[SUM_GROUP + 1] = 3e38
    (dots,) = group_dots([(values, values)], Scratch(torch.device("cpu")))
    assert dots[0] == dots[2] == SUM_GROUP
    assert abs(float(dots[1]) / float(values.double()[SUM_GROUP + 1] ** 2) - 1) < 1e-12
