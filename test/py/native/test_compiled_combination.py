"""The compiled linear combination against torch's, bit for bit."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.kernels.combination import linear_combination
from amalgam_worker.native.checks.awkward import same_bits
from helpers.compiled import compiled

NUMBERS = st.floats(width=32)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 4), st.integers(1, 60), st.integers(1, 40), st.booleans())
def test_it_gives_the_bits_of_torch(
    data: st.DataObject, count: int, size: int, repeated: int, is_based: bool
) -> None:
    rows = [
        torch.tensor(data.draw(st.lists(NUMBERS, min_size=size, max_size=size))) for _ in range(count + 1)
    ]
    first, *vectors = (row.repeat(repeated) for row in rows)
    coefficients = data.draw(st.lists(st.floats(-4, 4), min_size=count, max_size=count))

    def combination() -> torch.Tensor:
        base = first.clone() if is_based else None
        return linear_combination([vector.clone() for vector in vectors], coefficients, base)

    expected = combination()
    with compiled():
        found = combination()
    assert same_bits(found, expected)
