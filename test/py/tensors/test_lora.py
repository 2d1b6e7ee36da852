"""LoRA updates against float64, against peft's merge, and for any chunking."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from amalgam_worker.protocol import LoraUpdate, Plan
from helpers.fake_streams import FakeStreams
from helpers.plans import PlanMaker, operation
from helpers.run import run_plan

SCALE = 16 / 6


def lora_plan(
    folder: Path, weight: torch.Tensor, a: torch.Tensor, b: torch.Tensor, transposed: bool, dtype: torch.dtype
) -> Plan:
    maker = PlanMaker(folder)
    base, adapter = maker.add_model({"w": weight}), maker.add_model({"a": a, "b": b})
    update = LoraUpdate(maker.places[adapter]["a"], maker.places[adapter]["b"], SCALE, transposed, None)
    steps = [("w", 0, None, [maker.source(base, "w", update)])]
    return maker.plan(steps, [operation("passthrough", {}, [{"scale": 1}])], dtype)


def factors(rows: int, columns: int, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(rows)
    weight = torch.randn(rows, columns, generator=generator).to(dtype)
    a = (torch.randn(6, columns, generator=generator) * 0.1).to(dtype)
    b = (torch.randn(rows, 6, generator=generator) * 0.1).to(dtype)
    return weight, a, b


@pytest.mark.parametrize(
    ("rows", "columns"), [(3, 5), (700, 333), (2, 70_000), (70_000, 1), (1, 1), (130, 1024)]
)
@pytest.mark.parametrize("transposed", [False, True])
def test_against_float64(tmp_path: Path, rows: int, columns: int, transposed: bool) -> None:
    weight, a, b = factors(rows, columns, torch.float32)
    expected = weight.double() + SCALE * (b.double() @ a.double())
    stored = weight.T.contiguous() if transposed else weight
    merged = run_plan(lora_plan(tmp_path, stored, a, b, transposed, torch.float32), chunk_elements=65_536)[
        "w"
    ]
    torch.testing.assert_close((merged.T if transposed else merged).double(), expected, rtol=1e-6, atol=2e-6)


def test_bits_do_not_depend_on_chunks_or_threads(tmp_path: Path) -> None:
    weight, a, b = factors(1500, 333, torch.bfloat16)
    plan = lora_plan(tmp_path, weight, a, b, False, torch.float32)
    results = [
        run_plan(plan, threads, chunk)["w"] for threads, chunk in [(1, 1 << 20), (1, 65_536), (3, 131_072)]
    ]
    results.append(run_plan(plan, 2, 65_536, streams=FakeStreams())["w"])
    assert all(torch.equal(result, results[0]) for result in results)


def test_against_peft_within_one_step_of_bf16(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    weight, a, b = factors(48, 40, torch.bfloat16)
    model = torch.nn.Sequential(torch.nn.Linear(40, 48, bias=False))
    model[0].weight.data = weight.clone()
    tuned = peft.get_peft_model(model, peft.LoraConfig(r=6, lora_alpha=16, target_modules=["0"])).bfloat16()
    layer = tuned.base_model.model[0]
    layer.lora_A["default"].weight.data = a.clone()
    layer.lora_B["default"].weight.data = b.clone()
    theirs = tuned.merge_and_unload()[0].weight.data
    ours = run_plan(lora_plan(tmp_path, weight, a, b, False, torch.bfloat16))["w"]
    update = SCALE * (b.double() @ a.double())
    exact = weight.double() + update
    # peft rounds the update before it adds it: the step is that of the largest number that takes part.
    step = torch.maximum(torch.maximum(exact.abs(), update.abs()), weight.double().abs()) * 2**-7
    assert ((ours.double() - theirs.double()).abs() <= step).all()
    assert ((ours.double() - exact).abs() <= exact.abs() * 2**-8 + 1e-6).all()


def test_shapes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    weight, a, b = factors(4, 6, torch.float32)
    plan = lora_plan(tmp_path, weight, a, b, True, torch.float32)
    run_plan(plan)
    source = plan.steps[0].inputs[0]
    assert source.lora is not None
    swapped = dataclasses.replace(source.lora, a=source.lora.b, b=source.lora.a)
    step = dataclasses.replace(plan.steps[0], inputs=[dataclasses.replace(source, lora=swapped)])
    with pytest.raises(Exception, match="LoRA shapes"):
        run_plan(dataclasses.replace(plan, steps=[step]))
