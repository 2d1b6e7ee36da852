"""Compiled variance, sifting and merging against torch's, bit for bit."""

from __future__ import annotations

from operator import add

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.kernels.top_k import Cut
from amalgam_worker.kernels.variance import (
    Sifted,
    eager_variance,
    merge_selected,
    sift_variances,
    variance,
)
from amalgam_worker.native.checks.awkward import same_bits
from amalgam_worker.native.checks.variance import same_sifted
from amalgam_worker.tensors.buffers import Scratch
from helpers.compiled import compiled

NUMBERS = st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.5, -0.5, 0.25])
INFINITE = 0x7F800000
PATTERNS = st.sampled_from([0x3C800000, 0x3D800000, 0x3DE38E39, 0, 2**31 - 1])


@settings(max_examples=80, deadline=None)
@given(
    *(st.data(), st.integers(1, 5), st.integers(1, 40), st.integers(1, 40)),
    *(st.integers(0, 2), st.integers(0, 9)),
)
def test_they_have_the_bits_of_torch(
    data: st.DataObject, count: int, size: int, repeated: int, block: int, kept: int
) -> None:
    row, cpu = st.lists(NUMBERS, min_size=size, max_size=size), torch.device("cpu")
    base, *vectors = (torch.tensor(data.draw(row)).repeat(repeated) for _ in range(count + 1))
    weights = [0.4, 0.0, 0.3, 0.2, 0.1][:count]
    # Where a variance lies, or right beside it, little is enough to be on the wrong side.
    met = eager_variance([vector.clone() for vector in vectors], base, Scratch(cpu)).view(torch.int32)
    near = st.builds(
        add, st.sampled_from([bits for bits in met.tolist() if bits > 0] or [9]), st.integers(-2, 2)
    )
    low, high = sorted([data.draw(near | PATTERNS), data.draw(near | PATTERNS)])
    # Where a variance is not a number, neither is what is merged: such a cut decides nothing.
    cut = Cut(min(low, INFINITE), block, kept)

    def everything() -> tuple[list[torch.Tensor], Sifted]:
        scratch = Scratch(cpu)

        def copies() -> list[torch.Tensor]:
            return [vector.clone() for vector in vectors]

        spread = variance(copies(), base, scratch).clone()
        sifted = sift_variances(copies(), base, low, high, 1, scratch)
        return [spread, merge_selected(copies(), base.clone(), cut, 1, weights, 1e-6, scratch)], sifted

    expected, listed = everything()
    with compiled():
        found, sifted = everything()
    assert all(map(same_bits, found, expected))
    assert same_sifted(sifted, listed)
