"""Compiled variance and selection against torch's, bit for bit."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.kernels.variance import keep_where_positive, variance
from amalgam_worker.native.checks.awkward import same_bits
from amalgam_worker.tensors.buffers import Scratch
from helpers.compiled import compiled

NUMBERS = st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.5, -0.5])


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 5), st.integers(1, 40), st.integers(1, 40))
def test_they_have_the_bits_of_torch(data: st.DataObject, count: int, size: int, repeated: int) -> None:
    rows = data.draw(
        st.lists(st.lists(NUMBERS, min_size=size, max_size=size), min_size=count, max_size=count)
    )
    vectors = [torch.tensor(row).repeat(repeated) for row in rows]

    def everything() -> list[torch.Tensor]:
        spread = variance(vectors, Scratch(torch.device("cpu")))
        found = spread.clone()
        left = [vector.clone() for vector in vectors]
        keep_where_positive(left, spread)
        return [found, *left]

    expected = everything()
    with compiled():
        found = everything()
    assert all(map(same_bits, found, expected))
