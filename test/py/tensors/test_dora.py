"""DoRA, and updates of embeddings: against float64, against peft, for any chunking, with mapped rows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import LoraUpdate, Plan
from helpers.fake_streams import FakeStreams
from helpers.one_step import cut_input, models_in, step_plan
from helpers.plans import operation
from helpers.reference import Array, exact
from helpers.reference_rows import Origin, mapped, row_map
from helpers.run import run_plan

SCALE = 16 / 6
Tensor = torch.Tensor


def dora(model: dict[str, Tensor], transposed: bool) -> Array:
    """The updated weight as it is stored."""
    weight, a, b, magnitude = (exact(model[name]) for name in "wabm")
    updated = (weight.T if transposed else weight) + SCALE * (b @ a)
    updated = magnitude[:, None] * updated / np.linalg.norm(updated, axis=1, keepdims=True)
    return np.asarray(updated.T if transposed else updated)


def tensors(outputs: int, inputs: int, transposed: bool, dtype: torch.dtype) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(outputs)
    shape = (inputs, outputs) if transposed else (outputs, inputs)
    return {
        "w": torch.randn(shape, generator=generator).to(dtype),
        "a": (torch.randn(6, inputs, generator=generator) * 0.1).to(dtype),
        "b": (torch.randn(outputs, 6, generator=generator) * 0.1).to(dtype),
        "m": (torch.rand(outputs, generator=generator) + 0.5).to(dtype),
    }


def dora_plan(
    folder: Path, model: dict[str, Tensor], transposed: bool, dtype: torch.dtype, with_norms: bool = True
) -> Plan:
    maker = models_in(folder, model)
    places = maker.places[0]
    update = LoraUpdate(places["a"], places["b"], SCALE, transposed, places["m"] if with_norms else None)
    return step_plan(maker, model["w"].shape, [cut_input(maker, 0, lora=update)], dtype=dtype)


@pytest.mark.parametrize(
    ("outputs", "inputs"), [(3, 5), (700, 333), (2, 150_000), (70_000, 1), (1, 1), (130, 1024)]
)
@pytest.mark.parametrize("transposed", [False, True])
def test_against_float64(tmp_path: Path, outputs: int, inputs: int, transposed: bool) -> None:
    model = tensors(outputs, inputs, transposed, torch.float32)
    expected = dora(model, transposed)
    merged = run_plan(dora_plan(tmp_path, model, transposed, torch.float32), 2, 65_536)["w"]
    np.testing.assert_allclose(exact(merged), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("transposed", [False, True])
def test_bits_do_not_depend_on_threads_or_chunks(tmp_path: Path, transposed: bool) -> None:
    plan = dora_plan(tmp_path, tensors(1500, 333, transposed, torch.bfloat16), transposed, torch.float32)
    first = run_plan(plan, 1, 1 << 20)["w"]
    for threads, chunk in [(1, 65_536), (3, 131_072), (2, 1000)]:
        assert torch.equal(run_plan(plan, threads, chunk)["w"], first)
    assert torch.equal(run_plan(plan, 2, 65_536, streams=FakeStreams())["w"], first)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.booleans(),
    st.lists(st.integers(0, 8), min_size=1),
    st.integers(1, 40),
)
def test_rows_are_mapped_after_the_update(
    tmp_path_factory: pytest.TempPathFactory,
    outputs: int,
    inputs: int,
    transposed: bool,
    rows: list[int],
    chunk: int,
) -> None:
    model = tensors(outputs, inputs, transposed, torch.float32)
    stored, other = (
        model["w"].shape,
        torch.randn(model["w"].shape, generator=torch.Generator().manual_seed(0)),
    )
    origins: list[Origin] = [row % stored[0] if row % 3 else [(0, row % stored[0]), (1, 0)] for row in rows]
    maker = models_in(tmp_path_factory.mktemp("rows"), {"w": other}, model)
    places = maker.places[1]
    update = LoraUpdate(places["a"], places["b"], SCALE, transposed, places["m"])
    how = operation("linear", {"normalize": False}, [{"weight": 1}, {"weight": 1}])
    sources = [cut_input(maker, 0, rows=0), cut_input(maker, 1, rows=0, lora=update)]
    shape = [len(rows), stored[1]]
    # Both models have rows that are means with the updated rows of model 1.
    plan = step_plan(maker, shape, sources, how=how, row_maps=[row_map(origins)])
    merged = run_plan(plan, 1, chunk)["w"]
    both = [exact(other), dora(model, transposed)]
    expected = mapped(both[0], both, origins) + mapped(both[1], both, origins)
    np.testing.assert_allclose(exact(merged), expected, rtol=1e-5, atol=1e-5)


def one_step_of_bf16(ours: Tensor, theirs: Tensor) -> bool:
    step = torch.maximum(ours.double().abs(), theirs.double().abs()) * 2**-7
    return bool(((ours.double() - theirs.to(torch.bfloat16).double()).abs() <= step).all())


@pytest.mark.parametrize("with_norms", [False, True])
@pytest.mark.parametrize("kind", ["linear", "conv1d", "embedding"])
def test_against_peft_within_one_step_of_bf16(tmp_path: Path, kind: str, with_norms: bool) -> None:
    peft = pytest.importorskip("peft")
    pytorch_utils = pytest.importorskip("transformers.pytorch_utils")
    layer, transposed = {
        "linear": (torch.nn.Linear(40, 48, bias=False), False),
        "conv1d": (pytorch_utils.Conv1D(48, 40), True),
        "embedding": (torch.nn.Embedding(40, 48), True),
    }[kind]
    model = tensors(48, 40, transposed, torch.bfloat16)
    layer.weight.data = model["w"].float()
    config = peft.LoraConfig(
        r=6, lora_alpha=16, target_modules=["0"], use_dora=with_norms, fan_in_fan_out=kind == "conv1d"
    )
    tuned = peft.get_peft_model(torch.nn.Sequential(layer), config)
    adapted = tuned.base_model.model[0]
    if kind == "embedding":
        adapted.lora_embedding_A["default"].data = model["a"].float()
        adapted.lora_embedding_B["default"].data = model["b"].float()
    else:
        adapted.lora_A["default"].weight.data = model["a"].float()
        adapted.lora_B["default"].weight.data = model["b"].float()
    if with_norms:
        adapted.lora_magnitude_vector["default"].weight.data = model["m"].float()
    theirs = tuned.merge_and_unload()[0].weight.data
    ours = run_plan(dora_plan(tmp_path, model, transposed, torch.bfloat16, with_norms))["w"]
    assert not torch.equal(ours, model["w"])
    assert one_step_of_bf16(ours, theirs)


def test_magnitudes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    plan = dora_plan(tmp_path, tensors(4, 6, False, torch.float32), False, torch.float32)
    source = plan.steps[0].inputs[0]
    assert source.lora is not None
    assert source.lora.magnitude is not None
    for magnitude in (
        dataclasses.replace(source.lora.magnitude, shape=[3], bytes=12),
        dataclasses.replace(source.lora.magnitude, dtype="I32"),
        dataclasses.replace(source.lora.magnitude, file=3),
    ):
        broken = dataclasses.replace(source, lora=dataclasses.replace(source.lora, magnitude=magnitude))
        step = dataclasses.replace(plan.steps[0], inputs=[broken])
        with pytest.raises(WorkerError, match="DoRA magnitude of w") as caught:
            run_plan(dataclasses.replace(plan, steps=[step]))
        assert caught.value.code == "plan-invalid"


def test_a_row_without_length_names_its_tensor(tmp_path: Path) -> None:
    model = tensors(4, 6, False, torch.float32)
    model["w"][2] = 0
    model["b"][2] = 0
    with pytest.raises(WorkerError, match="w would hold values that are not finite"):
        run_plan(dora_plan(tmp_path, model, False, torch.float32))
