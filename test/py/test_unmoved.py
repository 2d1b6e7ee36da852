"""Tensors that no model has changed are copied, with the bits that merging them would give."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from test_engine import OPERATIONS

from amalgam_worker import task
from amalgam_worker.engine import Settings, execute
from amalgam_worker.methods.method import BLOCK, Parameters
from amalgam_worker.protocol import Plan
from amalgam_worker.unmoved import keeps_base
from helpers.run import MemorySink, Values, plan_method

WITH_BASE = [name for name, (has_base, *_) in OPERATIONS.items() if has_base]
SHAPES = {"frozen": (130, 1024), "changed": (96, 1024), "norm": (64,)}


def tensors(dtype: torch.dtype) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    values = {name: torch.randn(shape, generator=generator) * 0.02 for name, shape in SHAPES.items()}
    # Zeros and numbers too small to be normal are numbers like others.
    values["frozen"][3, :40] = 0
    values["frozen"][4, :40] = 1e-39
    return {name: value.to(dtype) for name, value in values.items()}


def planned(folder: Path, name: str, base: dict[str, torch.Tensor], dtype: torch.dtype) -> Plan:
    """All models equal the base, but for a last row of `changed`."""
    method, (_, shared, per_input) = name.split()[0], OPERATIONS[name]
    models = []
    for number, _ in enumerate(per_input, 1):
        changed = base["changed"].clone()
        changed[-1] += 0.01 * number
        models.append({**base, "changed": changed})
    return plan_method(folder, method, base, models, shared, per_input, dtype)


def merged(plan: Plan, threads: int = 2, chunk: int = BLOCK) -> tuple[bytes, int]:
    """The output and the number of bytes read."""
    sink = MemorySink(plan.shards[0].bytes)
    settings = Settings(torch.device("cpu"), threads, chunk)
    read = execute(plan, sink, settings, lambda done, count, name: None, lambda: False)
    return bytes(sink.bytes), read


def merged_plainly(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes, int]:
    with monkeypatch.context() as patch:
        patch.setattr(task, "keeps_base", lambda method, parameters: False)
        return merged(plan)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
@pytest.mark.parametrize("name", WITH_BASE)
def test_bits_are_those_of_the_plain_way(
    name: str, dtype: torch.dtype, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(tmp_path, name, tensors(dtype), dtype)
    plain, _ = merged_plainly(plan, monkeypatch)
    assert merged(plan)[0] == plain
    assert merged(plan, threads=1, chunk=4 * BLOCK)[0] == plain


@pytest.mark.parametrize("name", ["ties", "sce", "nearswap", "task_arithmetic"])
def test_a_base_with_a_negative_zero_is_merged(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zero is added to it, which makes it positive."""
    base = tensors(torch.bfloat16)
    base["frozen"].view(-1)[70_001] = -0.0
    plan = planned(tmp_path, name, base, torch.bfloat16)
    assert merged(plan)[0] == merged_plainly(plan, monkeypatch)[0]


@pytest.mark.parametrize("name", ["ties", "sce", "task_arithmetic"])
def test_one_number_of_one_input_is_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody looks first: between the samples."""
    base = {"frozen": tensors(torch.bfloat16)["frozen"]}
    other = base["frozen"].clone()
    other.view(-1)[70_001] = 1
    _, shared, per_input = OPERATIONS[name]
    plan = plan_method(tmp_path, name, base, [base, {"frozen": other}], shared, per_input, torch.bfloat16)
    output, read = merged(plan)
    plain, plain_read = merged_plainly(plan, monkeypatch)
    assert output == plain
    assert read > plain_read, "the samples told already"


def test_what_is_not_finite_is_still_refused(tmp_path: Path) -> None:
    base = tensors(torch.bfloat16)
    base["frozen"][100, 100] = torch.inf
    with pytest.raises(Exception, match="not finite"):
        merged(planned(tmp_path, "task_arithmetic", base, torch.bfloat16))


@pytest.mark.parametrize("name", ["ties", "dare_ties", "breadcrumbs", "della", "sce"])
def test_passes_are_left_out(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a tensor in B bytes the base and both inputs are compared, and the base is copied: 4 B."""
    base = {"frozen": tensors(torch.bfloat16)["frozen"]}
    plan = plan_method(
        tmp_path, name, base, [base, base], OPERATIONS[name][1], OPERATIONS[name][2], torch.bfloat16
    )
    assert merged(plan)[1] == 4 * base["frozen"].nbytes
    assert merged_plainly(plan, monkeypatch)[1] > 4 * base["frozen"].nbytes


@pytest.mark.parametrize(
    ("method", "shared", "per_input", "kept"),
    [
        ("ties", {"rescale": "l1", "lambda": 1.0}, [{"weight": 1.0, "density": 0.2}], True),
        ("ties", {"rescale": "l1", "lambda": 1.0}, [{"weight": 1e30, "density": 0.2}], False),
        ("dare_linear", {"rescale": True, "lambda": 1.0}, [{"weight": 1.0, "density": 1e-30}], False),
        ("della", {"rescale": "per_element", "lambda": 1.0}, [{"weight": 1.0, "density": 0.2}], False),
        ("linear", {"normalize": True}, [{"weight": 1.0}], False),
        ("slerp", {"t": 0.5, "norm": "preserve"}, [{}], False),
    ],
)
def test_methods_that_keep_the_base(method: str, shared: Values, per_input: list[Values], kept: bool) -> None:
    assert keeps_base(method, Parameters(dict(shared), [dict(values) for values in per_input])) is kept


@pytest.mark.parametrize("name", ["ties", "karcher", "model_stock", "task_arithmetic"])
def test_one_range_is_read_once(name: str, tmp_path: Path) -> None:
    """Of two inputs that are one tensor of one file, with the bits that copies in two files give."""
    has_base, shared, per_input = OPERATIONS[name]
    base = {"changed": tensors(torch.bfloat16)["changed"]}
    tuned = {"changed": base["changed"] * 1.5}
    apart = plan_method(tmp_path, name, base if has_base else None, [tuned, tuned], shared, per_input)
    (step,) = apart.steps
    twin = dataclasses.replace(step.inputs[1], parts=step.inputs[0].parts)
    together = dataclasses.replace(apart, steps=[dataclasses.replace(step, inputs=[step.inputs[0], twin])])
    (output, read), (expected, all_read) = merged(together), merged(apart)
    assert output == expected
    assert read == (all_read * 2 // 3 if has_base else all_read // 2)
