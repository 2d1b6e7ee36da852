"""Plans whose merges of factors do not make sense are refused before anything is read."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from amalgam_worker.errors import WorkerError
from amalgam_worker.plan_check import check_plan
from amalgam_worker.protocol import AdapterStep, LoraUpdate, Plan
from helpers.adapter_plans import adapter_plan, random_pair, run_factors
from helpers.plans import changed, operation
from helpers.run import run_plan

LINEAR = operation("linear", {"normalize": False}, [{"weight": 1}, {"weight": 1}])
PAIRS = [random_pair(1, 6, 2, 5, 1.0), random_pair(2, 6, 3, 5, 1.0)]


def step_with(**fields: object) -> Callable[[Plan], Plan]:
    def change(plan: Plan) -> Plan:
        return changed(plan, adapter_steps=[dataclasses.replace(plan.adapter_steps[0], **fields)])  # type: ignore[arg-type]

    return change


def update_with(**fields: object) -> Callable[[Plan], Plan]:
    def change(plan: Plan) -> Plan:
        first, second = plan.adapter_steps[0].inputs
        assert isinstance(first.lora, LoraUpdate)
        lora = dataclasses.replace(first.lora, **fields)  # type: ignore[arg-type]
        return step_with(inputs=[dataclasses.replace(first, lora=lora), second])(plan)

    return change


def no_updates(plan: Plan) -> Plan:
    return step_with(inputs=[dataclasses.replace(one, lora=None) for one in plan.adapter_steps[0].inputs])(
        plan
    )


def magnitude(plan: Plan) -> Plan:
    lora = plan.adapter_steps[0].inputs[0].lora
    assert lora is not None
    column = dataclasses.replace(lora.b, shape=[6], bytes=24)
    return update_with(magnitude=column)(plan)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (step_with(rank=4), "rank"),
        (step_with(mode="factor", rank=2), "rank"),
        (step_with(mode="core", rank=6), "rank"),
        (step_with(mode="svd", rank=0), "rank"),
        (step_with(scale=0.0), "scale"),
        (step_with(shape=[5, 6]), "fit"),
        (step_with(shape=[30]), "matrix"),
        (step_with(operation=1), "operation"),
        (step_with(inputs=[]), "factors"),
        (step_with(factors=None), "no place"),
        (step_with(step=0), "two"),
        (update_with(transposed=True), "fit"),
        (no_updates, "no factors"),
        (magnitude, "magnitude"),
    ],
)
def test_refused(tmp_path: Path, change: Callable[[Plan], Plan], told: str) -> None:
    plan = adapter_plan(tmp_path, PAIRS, LINEAR, "concat", 5)
    check_plan(plan)
    with pytest.raises(WorkerError, match=told) as error:
        check_plan(change(plan))
    assert error.value.code == "plan-invalid"


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"step": 1}, "step"), ({"mode": "delta", "rank": 3}, "whole weight")],
)
def test_refused_targets(tmp_path: Path, fields: dict[str, object], told: str) -> None:
    plan = adapter_plan(tmp_path, PAIRS, LINEAR, "concat", 5, weight=torch.ones(6, 5))
    check_plan(plan)
    with pytest.raises(WorkerError, match=told):
        check_plan(step_with(**fields)(plan))


def test_a_step_that_merges_something_else_takes_no_update(tmp_path: Path) -> None:
    plan = adapter_plan(tmp_path, PAIRS, LINEAR, "concat", 5, weight=torch.ones(6, 5))
    (step,) = plan.steps
    twice = dataclasses.replace(step, operation=0, inputs=[step.inputs[0]] * 2)
    with pytest.raises(WorkerError, match="something else"):
        check_plan(changed(plan, steps=[twice]))


def test_a_method_that_ranks_whole_models_is_refused(tmp_path: Path) -> None:
    shared = {"normalize": True, "rescale": "none", "lambda": 1.0, "int8_mask": False}
    how = operation(
        "ties", {**shared, "dialect": "paper", "trim_scope": "model"}, [{"weight": 1, "density": 0.5}] * 2
    )
    with pytest.raises(WorkerError, match="ranked over all"):
        check_plan(adapter_plan(tmp_path, PAIRS, how, "core", 5, base=None))


@pytest.mark.parametrize("is_added", [False, True])
def test_what_is_not_finite_is_told(tmp_path: Path, is_added: bool) -> None:
    a, b, scale = PAIRS[0] or (torch.ones(1), torch.ones(1), 1.0)
    a = a.clone()
    a[0, 0] = float("inf")
    weight = torch.ones(6, 5) if is_added else None
    plan = adapter_plan(tmp_path, [(a, b, scale), PAIRS[1]], LINEAR, "concat", 5, weight=weight)
    with pytest.raises(WorkerError, match="w would hold") as error:
        run_plan(plan) if is_added else run_factors(plan)
    assert error.value.code == "non-finite"


def test_a_stopped_merge_is_cancelled(tmp_path: Path) -> None:
    plan = adapter_plan(tmp_path, PAIRS, LINEAR, "concat", 5)
    assert isinstance(plan.adapter_steps[0], AdapterStep)
    with pytest.raises(WorkerError) as error:
        run_plan(plan, stop=lambda: True)
    assert error.value.code == "cancelled"
