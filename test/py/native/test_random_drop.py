"""Compiled random masks against torch's, bit for bit."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.kernels.drop_by_rank import drop_by_rank, eager_drop_by_rank
from amalgam_worker.kernels.keep_mask import MASK_BLOCK, drop_at_random, mask_key
from amalgam_worker.native.checks.awkward import same_bits
from amalgam_worker.tensors.buffers import Scratch
from helpers.compiled import compiled

CPU = torch.device("cpu")
KEYS = [mask_key(3, 0, "w", block) for block in range(2)]
PLACES = st.integers(0, MASK_BLOCK - 3000)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=32), min_size=1, max_size=80), PLACES, st.floats(1e-6, 1 - 1e-6))
def test_dropped_at_random(numbers: list[float], low: int, density: float) -> None:
    values = torch.tensor(numbers).repeat(30)
    expected, found = values.clone(), values
    drop_at_random(expected, KEYS[0], low, density, Scratch(CPU))
    with compiled():
        drop_at_random(found, KEYS[0], low, density, Scratch(CPU))
    assert same_bits(found, expected)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.5, -0.5]), min_size=1, max_size=90),
    st.integers(1, 60),
    st.integers(0, 2700),
    st.floats(0.01, 0.99),
    st.floats(0, 0.5),
)
def test_dropped_by_rank(
    numbers: list[float], repeated: int, before: int, density: float, epsilon: float
) -> None:
    rows = torch.tensor(numbers).repeat(repeated, 2).view(2, -1).clone()
    columns = rows.shape[1]
    rows[1] *= torch.linspace(0.5, 2, columns)
    probabilities = torch.linspace(density - epsilon, density + epsilon, columns, dtype=torch.float64).clamp(
        0, 1
    )
    limits = (probabilities * 2.0**32 - 2.0**31).clamp(-(2**31), 2**31 - 1).to(torch.int32)
    low = max(0, MASK_BLOCK - before - 1)
    expected, found = rows.view(-1).clone(), rows.view(-1).clone()
    eager_drop_by_rank(expected, limits, KEYS, low, Scratch(CPU))
    with compiled():
        drop_by_rank(found, limits, KEYS, low, Scratch(CPU))
    assert same_bits(found, expected)


def test_dropped_by_rank_where_most_are_nearly_equal() -> None:
    columns = 9000
    steps = torch.randint(0, 1000, (2, columns), generator=torch.Generator().manual_seed(8))
    rows = 1 + steps * 2.0**-20
    rows[1, ::2] = 0
    limits = torch.linspace(-(2.0**30), 2.0**30, columns, dtype=torch.float64).to(torch.int32)
    expected, found = rows.view(-1).clone(), rows.view(-1).clone()
    eager_drop_by_rank(expected, limits, KEYS, 5, Scratch(CPU))
    with compiled():
        drop_by_rank(found, limits, KEYS, 5, Scratch(CPU))
    assert same_bits(found, expected)
    assert 0 < int((found == 0).sum()) < 2 * columns
