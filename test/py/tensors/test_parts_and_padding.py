"""Inputs that are joined from parts, and inputs that are smaller than the output."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import Plan
from helpers.fake_streams import FakeStreams
from helpers.one_step import cut_input, models_in, step_plan
from helpers.plans import operation
from helpers.reference import Array, exact
from helpers.run import run_plan

TWO = operation("linear", {"normalize": False}, [{"weight": 0.5}, {"weight": 2}])
TIES = operation(
    "ties",
    {
        "normalize": True,
        "rescale": False,
        "lambda": 1,
        "int8_mask": False,
        "dialect": "mergekit",
        "trim_scope": "tensor",
    },
    [{"weight": 0.4, "density": 0.3}, {"weight": 0.8, "density": 0.6}],
)


def padded_with_zeros(tensor: torch.Tensor, shape: list[int]) -> Array:
    whole = np.zeros(shape)
    whole[tuple(slice(0, size) for size in tensor.shape)] = exact(tensor)
    return whole


@st.composite
def inputs_and_room(draw: st.DrawFn) -> tuple[list[list[int]], list[int], list[list[int]]]:
    """Shapes of two inputs, a shape that holds both, and where each input is cut."""
    room = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    shapes = [[draw(st.one_of(st.just(size), st.integers(0, size))) for size in room] for _ in range(2)]
    cuts = [sorted(draw(st.lists(st.integers(0, int(np.prod(shape))), max_size=4))) for shape in shapes]
    return shapes, room, cuts


@settings(max_examples=150, deadline=None, derandomize=True)
@given(inputs_and_room(), st.integers(1, 40), st.sampled_from([torch.float32, torch.bfloat16, torch.float64]))
def test_parts_are_joined_and_zeros_follow(
    case: tuple[list[list[int]], list[int], list[list[int]]], chunk: int, dtype: torch.dtype
) -> None:
    shapes, room, cuts = case
    generator = torch.Generator().manual_seed(3)
    tensors = [torch.randn(shape, generator=generator).to(dtype) for shape in shapes]
    with tempfile.TemporaryDirectory() as folder:
        maker = models_in(Path(folder), *({"w": tensor} for tensor in tensors))
        inputs = [cut_input(maker, model, cuts[model]) for model in range(2)]
        merged = run_plan(step_plan(maker, room, inputs, how=TWO, dtype=dtype), chunk_elements=chunk)["w"]
    first, second = (padded_with_zeros(tensor, room) for tensor in tensors)
    expected = 0.5 * first + 2 * second
    np.testing.assert_allclose(
        exact(merged), expected, rtol=2**-7 if dtype == torch.bfloat16 else 1e-6, atol=1e-6
    )
    assert np.array_equal(exact(merged) == 0, expected == 0)


def uneven_plan(folder: Path) -> tuple[list[torch.Tensor], Plan]:
    generator = torch.Generator().manual_seed(4)
    shapes = [(300, 700), (320, 700), (300, 650)]
    tensors = [torch.randn(shape, generator=generator).bfloat16() for shape in shapes]
    maker = models_in(folder, *({"w": tensor} for tensor in tensors))
    sources = [cut_input(maker, model, [5, 70_000, 70_001, 140_000]) for model in range(3)]
    return tensors, step_plan(maker, [320, 700], sources[1:], sources[0], TIES)


def test_uneven_inputs_merge_as_if_they_were_padded_on_disk(tmp_path: Path) -> None:
    tensors, plan = uneven_plan(tmp_path)
    folder = tmp_path / "padded"
    folder.mkdir()
    padded = [torch.nn.functional.pad(t, (0, 700 - t.shape[1], 0, 320 - t.shape[0])) for t in tensors]
    maker = models_in(folder, *({"w": tensor} for tensor in padded))
    sources = [cut_input(maker, model) for model in range(3)]
    expected = run_plan(step_plan(maker, [320, 700], sources[1:], sources[0], TIES))["w"]
    assert torch.equal(run_plan(plan)["w"], expected)


@pytest.mark.parametrize(("threads", "chunk"), [(1, 1 << 20), (2, 131_072), (5, 65_536)])
def test_bits_do_not_depend_on_threads_or_chunks(tmp_path: Path, threads: int, chunk: int) -> None:
    _, plan = uneven_plan(tmp_path)
    first = run_plan(plan, 1, 65_536)["w"]
    assert torch.equal(run_plan(plan, threads, chunk)["w"], first)
    assert torch.equal(run_plan(plan, threads, chunk, streams=FakeStreams())["w"], first)


def test_copies_of_parts(tmp_path: Path) -> None:
    values = torch.arange(1_000_000)
    maker = models_in(tmp_path, {"w": values}, {"w": values})
    inputs = [cut_input(maker, 0, [1, 1, 600_000]), cut_input(maker, 1, [3, 524_288])]
    assert torch.equal(
        run_plan(step_plan(maker, [1_000_000], inputs, how=None, dtype=torch.int64))["w"], values
    )
    values[700_001] = 0
    other = models_in(tmp_path, {"w": torch.arange(1_000_000)}, {"w": values})
    with pytest.raises(WorkerError, match="must be the same in all models"):
        run_plan(step_plan(other, [1_000_000], inputs, how=None, dtype=torch.int64))


def test_inconsistent_inputs_are_refused(tmp_path: Path) -> None:
    maker = models_in(tmp_path, {"w": torch.ones(4, 6), "half": torch.ones(4, 6).half()})
    whole = cut_input(maker, 0, [8])
    half = cut_input(maker, 0, name="half")
    broken = {
        "has no parts": dataclasses.replace(whole, parts=[]),
        "do not make": dataclasses.replace(whole, parts=whole.parts[:1]),
        "several types": dataclasses.replace(whole, parts=[whole.parts[0], half.parts[0]]),
        "does not fit w": dataclasses.replace(whole, shape=[6, 4]),
        "of shape \\[24\\] does not fit": dataclasses.replace(whole, shape=[24]),
        "negative size": dataclasses.replace(whole, shape=[-4, -6]),
    }
    for message, source in broken.items():
        with pytest.raises(WorkerError, match=message) as caught:
            run_plan(step_plan(maker, [4, 6], [source]))
        assert caught.value.code == "plan-invalid"
    with pytest.raises(WorkerError, match="cannot be copied"):
        run_plan(step_plan(maker, [5, 6], [whole], how=None))
