"""Compiled NearSwap against torch's, bit for bit."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.methods.method import Chunk, Parameters, TensorFacts
from amalgam_worker.methods.nearswap import NEARSWAP
from amalgam_worker.native.checks.awkward import as_stored, same_bits
from amalgam_worker.tensors.buffers import Scratch
from helpers.compiled import compiled

NUMBERS = st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.5, -0.5, 0.25])
TYPES = st.integers(0, 2)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(1, 40), st.integers(1, 60), TYPES, TYPES, st.floats(-2, 2))
def test_it_gives_the_bits_of_torch(
    data: st.DataObject, size: int, repeated: int, of_base: int, of_other: int, t: float
) -> None:
    row = st.lists(NUMBERS, min_size=size, max_size=size)
    first, second, sides = (torch.tensor(data.draw(row)).repeat(repeated) for _ in range(3))
    base = as_stored(first, of_base)
    # Some are as far away as makes a share of about one half.
    other = as_stored(torch.where(sides.abs() < 1, second, base.float() + 2 * t * sides.sign()), of_other)
    facts = TensorFacts("w", (len(base),), (0,), 0)

    def merged() -> torch.Tensor:
        chunk = Chunk(facts, 0, base.clone(), [other.clone()], Scratch(torch.device("cpu")), torch.float32)
        return NEARSWAP.combine(chunk, {}, Parameters({"t": t}, [{}]))

    expected = merged()
    with compiled():
        found = merged()
    assert same_bits(found, expected)
