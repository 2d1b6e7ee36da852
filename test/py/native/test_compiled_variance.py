"""Compiled variance and selection against torch's, bit for bit."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.kernels.top_k import Cut
from amalgam_worker.kernels.variance import select_by_variance, variance
from amalgam_worker.native.checks.awkward import same_bits
from amalgam_worker.tensors.buffers import Scratch
from helpers.compiled import compiled

NUMBERS = st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.5, -0.5, 0.25])
CUTS = st.builds(
    Cut, st.sampled_from([0x3C800000, 0x3D800000, 0x3DE38E39, 0]), st.integers(0, 2), st.integers(0, 9)
)


@settings(max_examples=80, deadline=None)
@given(st.data(), st.integers(1, 5), st.integers(1, 40), st.integers(1, 40), CUTS)
def test_they_have_the_bits_of_torch(
    data: st.DataObject, count: int, size: int, repeated: int, cut: Cut
) -> None:
    row = st.lists(NUMBERS, min_size=size, max_size=size)
    base, *vectors = (torch.tensor(data.draw(row)).repeat(repeated) for _ in range(count + 1))

    def everything() -> list[torch.Tensor]:
        scratch = Scratch(torch.device("cpu"))
        spread = variance([vector.clone() for vector in vectors], base, scratch).clone()
        left = [vector.clone() for vector in vectors]
        select_by_variance(left, base, cut, 1, scratch)
        return [spread, *left]

    expected = everything()
    with compiled():
        found = everything()
    assert all(map(same_bits, found, expected))
