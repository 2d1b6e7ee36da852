"""Compiled RAM against torch's, bit for bit."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.methods.method import Chunk, Parameters, TensorFacts
from amalgam_worker.methods.ram import RAM, measure_overlap
from amalgam_worker.native.checks.awkward import as_stored, same_bits
from amalgam_worker.tensors.buffers import Scratch
from helpers.compiled import compiled

NUMBERS = st.floats(width=32) | st.sampled_from([0.0, -0.0, 0.5, -0.5, 0.25])


@settings(max_examples=100, deadline=None)
@given(
    *(st.data(), st.integers(1, 5), st.integers(1, 40), st.integers(1, 60), st.integers(0, 2)),
    *(st.sampled_from([0.0, 0.25, 0.5, 1e-5, -1.0]) | st.floats(-1, 2), st.booleans()),
)
def test_it_gives_the_bits_of_torch(
    data: st.DataObject, count: int, size: int, repeated: int, kind: int, epsilon: float, is_boosted: bool
) -> None:
    row = st.lists(NUMBERS, min_size=size, max_size=size)
    models = [
        as_stored(torch.tensor(data.draw(row)).repeat(repeated), kind + number) for number in range(count + 1)
    ]
    boosts = data.draw(st.lists(st.floats(-4, 4), min_size=count, max_size=count))
    statistics = {"boosts": torch.tensor(boosts, dtype=torch.float64)} if is_boosted else {}
    facts = TensorFacts("w", (len(models[0]),), tuple(range(count)), 0)
    parameters = Parameters({"epsilon": epsilon}, [{}] * count)

    def chunk() -> Chunk:
        base, *inputs = (model.clone() for model in models)
        return Chunk(facts, 0, base, inputs, Scratch(torch.device("cpu")), torch.float32)

    def everything() -> tuple[torch.Tensor, torch.Tensor]:
        (counts,) = measure_overlap(chunk(), {}, parameters)
        return RAM.combine(chunk(), statistics, parameters), counts

    expected, counted = everything()
    with compiled():
        found, counts = everything()
    assert same_bits(found, expected)
    assert torch.equal(counts, counted)
