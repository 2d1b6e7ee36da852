"""The compiled election against torch's, bit for bit."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.kernels.sign_election import agreeing_sums, eager_agreeing_sums
from amalgam_worker.native.checks.awkward import same_bits
from amalgam_worker.tensors.buffers import Scratch
from helpers.compiled import compiled

NUMBERS = st.floats(width=32)
FACTORS = st.floats(-4, 4)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 4), st.integers(1, 80), st.booleans(), st.sampled_from([1, -1]))
def test_it_gives_the_bits_of_torch(
    data: st.DataObject, count: int, size: int, divided: bool, sign: int
) -> None:
    rows = [torch.tensor(data.draw(st.lists(NUMBERS, min_size=size, max_size=size))) for _ in range(count)]
    rows = [row.repeat(30) for row in rows]
    factors = data.draw(st.lists(FACTORS, min_size=count, max_size=count))
    weights = data.draw(st.lists(FACTORS, min_size=count, max_size=count)) if divided else None
    cpu = torch.device("cpu")
    expected = eager_agreeing_sums([row.clone() for row in rows], factors, weights, Scratch(cpu), sign)
    with compiled():
        given_bits = agreeing_sums([row.clone() for row in rows], factors, weights, Scratch(cpu), sign)
    assert same_bits(given_bits[0], expected[0])
    assert same_bits(given_bits[1], expected[1])
