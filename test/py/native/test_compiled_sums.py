"""Compiled sums and dot products against torch's, bit for bit."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.kernels.gram import gram, gram_by_row, squared_norms
from amalgam_worker.kernels.sums import group_dots, group_sums
from amalgam_worker.native.checks.sums import same_numbers
from amalgam_worker.tensors.buffers import Scratch
from helpers.compiled import compiled

NUMBERS = st.lists(st.floats(width=32), min_size=1, max_size=60)


@settings(max_examples=80, deadline=None)
@given(NUMBERS, st.integers(1, 500), st.integers(1, 4), st.integers(0, 3000), st.integers(1, 3000))
def test_they_have_the_bits_of_torch(
    numbers: list[float], repeated: int, count: int, start: int, columns: int
) -> None:
    generator = torch.Generator().manual_seed(repeated)
    values = torch.tensor(numbers).repeat(repeated)
    vectors = [values * torch.rand(len(values), generator=generator) for _ in range(count)]

    def everything() -> list[torch.Tensor]:
        scratch = Scratch(torch.device("cpu"))
        return [
            group_sums(vectors[0]),
            group_dots([(vectors[0], vectors[-1]), (vectors[0], vectors[0])], scratch),
            gram(vectors, 8192, scratch),
            squared_norms(vectors, 65_536, scratch),
            gram_by_row(vectors, start, columns, scratch),
        ]

    expected = everything()
    with compiled():
        found = everything()
    assert all(map(same_numbers, found, expected))
