"""Compiled variance, sifting and merging against torch's, bit for bit."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.kernels.top_k import Cut
from amalgam_worker.kernels.variance import Sifted, merge_selected, sift_variances, variance
from amalgam_worker.native.checks.awkward import same_bits
from amalgam_worker.native.checks.variance import same_sifted
from amalgam_worker.tensors.buffers import Scratch
from helpers.compiled import compiled

NUMBERS = st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.5, -0.5, 0.25])
PATTERNS = st.sampled_from([0x3C800000, 0x3D800000, 0x3DE38E39, 0])
CUTS = st.builds(Cut, PATTERNS, st.integers(0, 2), st.integers(0, 9))


@settings(max_examples=80, deadline=None)
@given(
    *(st.data(), st.integers(1, 5), st.integers(1, 40), st.integers(1, 40)),
    *(CUTS, st.tuples(PATTERNS, PATTERNS | st.just(2**31 - 1))),
)
def test_they_have_the_bits_of_torch(
    data: st.DataObject, count: int, size: int, repeated: int, cut: Cut, bracket: tuple[int, int]
) -> None:
    row = st.lists(NUMBERS, min_size=size, max_size=size)
    base, *vectors = (torch.tensor(data.draw(row)).repeat(repeated) for _ in range(count + 1))
    weights = [0.4, 0.0, 0.3, 0.2, 0.1][:count]

    def everything() -> tuple[list[torch.Tensor], Sifted]:
        scratch = Scratch(torch.device("cpu"))

        def copies() -> list[torch.Tensor]:
            return [vector.clone() for vector in vectors]

        spread = variance(copies(), base, scratch).clone()
        sifted = sift_variances(copies(), base, min(bracket), max(bracket), 1, scratch)
        return [spread, merge_selected(copies(), base.clone(), cut, 1, weights, 1e-6, scratch)], sifted

    expected, listed = everything()
    with compiled():
        found, sifted = everything()
    assert all(map(same_bits, found, expected))
    assert same_sifted(sifted, listed)
