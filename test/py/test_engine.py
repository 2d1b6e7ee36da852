"""The engine: same bits for any cut, named errors, copies, prompt cancellation."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from pathlib import Path

import pytest
import torch

from amalgam_worker.engine import run_merge
from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import MergeParams, Plan
from helpers.plans import PlanMaker, operation, read_checkpoint, save_plan
from helpers.run import Values, plan_method, run_plan

FAMILY: Values = {"normalize": True, "rescale": True, "lambda": 0.9, "int8_mask": False}
THINNED: list[Values] = [{"weight": 0.4, "density": 0.37}, {"weight": 0.8, "density": 0.61}]
WEIGHTED: list[Values] = [{"weight": 0.3}, {"weight": 0.9}]
RANKED: list[Values] = [{**values, "epsilon": 0.2} for values in THINNED]
TIES: Values = {**FAMILY, "dialect": "mergekit", "trim_scope": "tensor"}
OPERATIONS: dict[str, tuple[bool, Values, list[Values]]] = {
    "linear": (False, {"normalize": True}, [{"weight": 0.3}, {"weight": 0.6}]),
    "slerp": (True, {"t": 0.3, "norm": "interp"}, [{}]),
    "nuslerp": (True, {"nuslerp_flatten": True, "nuslerp_row_wise": False}, WEIGHTED),
    "nuslerp by row": (False, {"nuslerp_flatten": False, "nuslerp_row_wise": False}, WEIGHTED),
    "nuslerp by column": (True, {"nuslerp_flatten": False, "nuslerp_row_wise": True}, WEIGHTED),
    "multislerp": (True, {"normalize_weights": True, "eps": 1e-8}, WEIGHTED),
    "karcher": (False, {"max_iter": 10, "tol": 1e-5}, [{}, {}]),
    "task_arithmetic": (True, FAMILY, THINNED),
    "ties": (True, TIES, THINNED),
    "ties paper": (True, {**TIES, "dialect": "paper"}, THINNED),
    "ties of models": (True, {**TIES, "trim_scope": "model"}, THINNED),
    "dare_linear": (True, FAMILY, THINNED),
    "dare_ties": (True, FAMILY, THINNED),
    "model_stock": (True, {"filter_wise": False}, [{}, {}]),
    "model_stock filter_wise": (True, {"filter_wise": True}, [{}, {}]),
    "breadcrumbs": (True, FAMILY, [{**values, "gamma": 0.1} for values in THINNED]),
    "breadcrumbs_ties": (True, FAMILY, [{**values, "gamma": 0.1} for values in THINNED]),
    "della": (True, FAMILY, RANKED),
    "della_linear": (True, {**FAMILY, "rescale": "per_element"}, RANKED),
    "sce": (True, {"int8_mask": False, "select_topk": 0.4}, [{}, {}]),
    "nearswap": (True, {"t": 0.01}, [{}]),
    "arcee_fusion": (True, {}, [{}]),
    "ram": (True, {"epsilon": 1e-5}, [{}, {}]),
    "ramplus_tl": (True, {"r": 0.1, "alpha": 0.2, "epsilon": 1e-5}, [{}, {}]),
    "passthrough": (False, {}, [{"scale": 0.5}]),
}


def models(seed: int = 0) -> list[dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"embed": (1500, 333), "norm": (77,), "up": (256, 1024), "scalar": ()}
    base = {name: torch.randn(shape, generator=generator).bfloat16() for name, shape in shapes.items()}
    tuned = [
        {name: (t + torch.randn(t.shape, generator=generator) * 0.02).bfloat16() for name, t in base.items()}
        for _ in range(2)
    ]
    return [base, *tuned]


def merge(plan: Plan, folder: Path, threads: int | None = 1, stop: threading.Event | None = None) -> None:
    path = save_plan(plan, folder / "plan.json")
    params = MergeParams(1, str(path), str(folder), "cpu", threads, None, None)
    run_merge(params, lambda done, tensors, name: None, (stop or threading.Event()).is_set)


def failure(plan: Plan, folder: Path) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        merge(plan, folder)
    return caught.value


def small_plan(folder: Path, dtype: torch.dtype = torch.bfloat16) -> Plan:
    return plan_method(folder, "linear", None, models(), {"normalize": True}, [{"weight": 1}] * 3, dtype)


@pytest.mark.parametrize("name", OPERATIONS)
def test_bits_do_not_depend_on_threads_or_chunks(tmp_path: Path, name: str) -> None:
    with_base, shared, per_input = OPERATIONS[name]
    base, *inputs = models()
    method = name.split()[0]
    plan = plan_method(
        tmp_path,
        method,
        base if with_base else None,
        inputs[: len(per_input)],
        shared,
        per_input,
        torch.float32,
    )
    first = run_plan(plan, 1, 65_536)
    for threads, chunk in [(1, 1 << 20), (2, 65_536), (8, 131_072)]:
        other = run_plan(plan, threads, chunk)
        assert all(torch.equal(other[tensor], first[tensor]) for tensor in first), (threads, chunk)


def test_order_of_steps_does_not_matter(tmp_path: Path) -> None:
    base, *inputs = models()
    plan = plan_method(tmp_path, "dare_ties", base, inputs, FAMILY, THINNED)
    reverse = dataclasses.replace(plan, steps=plan.steps[::-1])
    first, second = run_plan(plan), run_plan(reverse)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_seed_matters_to_dare_alone(tmp_path: Path) -> None:
    base, *inputs = models()
    for method, shared, same in [("dare_linear", FAMILY, False), ("ties", TIES, True)]:
        folder = tmp_path / method
        folder.mkdir()
        plan = plan_method(folder, method, base, inputs, shared, THINNED)
        first, second = (run_plan(dataclasses.replace(plan, seed=seed))["up"] for seed in (1, 2))
        assert torch.equal(first, second) == same


def test_dare_restores_the_l1_norm(tmp_path: Path) -> None:
    base, tuned, _ = models()
    shared = {**FAMILY, "normalize": False, "lambda": 1}
    plan = plan_method(
        tmp_path, "dare_linear", base, [tuned], shared, [{"weight": 1, "density": 0.3}], torch.float32
    )
    merged = run_plan(plan)["embed"].double()
    before = (tuned["embed"].double() - base["embed"].double()).abs().sum()
    after = (merged - base["embed"].double()).abs().sum()
    assert abs(float(after / before) - 1) < 1e-5


@pytest.mark.parametrize(
    ("value", "weight", "dtype"),
    [
        (float("nan"), 1.0, torch.float32),
        (float("inf"), 1.0, torch.bfloat16),
        (60_000.0, 1.2, torch.float16),
        (3.3e38, 1.1, torch.float32),
        (400.0, 2.0, torch.float8_e4m3fn),
    ],
)
def test_what_is_not_finite_names_its_tensor(
    tmp_path: Path, value: float, weight: float, dtype: torch.dtype
) -> None:
    good, bad = torch.ones(70_000), torch.ones(70_000)
    bad[69_999] = value
    plan = plan_method(
        tmp_path, "passthrough", None, [{"good": good, "bad.weight": bad}], {}, [{"scale": weight}], dtype
    )
    error = failure(plan, tmp_path)
    assert error.code == "non-finite"
    assert "bad.weight" in error.message


def test_the_largest_values_of_a_type_are_finite(tmp_path: Path) -> None:
    values = torch.tensor([65_504.0, -65_504.0, 65_519.0])
    plan = plan_method(tmp_path, "passthrough", None, [{"w": values}], {}, [{"scale": 1}], torch.float16)
    assert run_plan(plan)["w"].tolist() == [65_504.0, -65_504.0, 65_504.0]


def test_weights_that_sum_to_zero_are_an_error(tmp_path: Path) -> None:
    weights: list[Values] = [{"weight": 0.5}, {"weight": -0.5}]
    plan = plan_method(tmp_path, "linear", None, models()[1:], {"normalize": True}, weights)
    assert failure(plan, tmp_path).code == "non-finite"


def test_changed_files_are_named(tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    path = Path(plan.files[1].path)
    os.utime(path, ns=(0, int(plan.files[1].modified) + 1))
    error = failure(plan, tmp_path)
    assert (error.code, str(path) in error.message, "was modified" in error.message) == (
        "file-changed",
        True,
        True,
    )
    path.write_bytes(path.read_bytes()[:-1])
    assert f"size is {plan.files[1].bytes - 1} bytes" in failure(plan, tmp_path).message
    path.unlink()
    assert "can no longer be read" in failure(plan, tmp_path).message


def test_a_file_that_shrinks_during_the_merge_is_named(tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    os.truncate(plan.files[2].path, 5000)
    with pytest.raises(WorkerError, match="ends at byte 5000") as caught:
        run_plan(plan, threads=4, chunk_elements=65_536)
    assert caught.value.code == "read-failed"


def test_copies_are_compared_first(tmp_path: Path) -> None:
    same = torch.arange(1_500_000)
    other = same.clone()
    maker = PlanMaker(tmp_path)
    numbers = [maker.add_model({"ids": tensor}) for tensor in (same, same.clone(), other)]
    plan = maker.plan([("ids", None, None, [maker.source(number, "ids") for number in numbers])], [])
    merge(plan, tmp_path)
    assert torch.equal(read_checkpoint(tmp_path / "model.safetensors")["ids"], same)
    with open(plan.files[2].path, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x7f")
    os.utime(plan.files[2].path, ns=(0, int(plan.files[2].modified)))
    error = failure(plan, tmp_path)
    assert error.code == "inputs-differ"
    assert "ids" in error.message


@pytest.mark.parametrize(
    "damage", ["operation", "output.offset", "output.bytes", "file", "offset", "shape", "inputs"]
)
def test_inconsistent_plans_are_refused(tmp_path: Path, damage: str) -> None:
    plan = small_plan(tmp_path)
    step = plan.steps[0]
    source = step.inputs[0].parts[0]
    first_input = {
        "file": dataclasses.replace(source, file=9),
        "offset": dataclasses.replace(source, offset=plan.files[0].bytes),
        "shape": dataclasses.replace(source, shape=[3]),
    }
    replaced = {
        "operation": {"operation": 5},
        "output.offset": {"output": dataclasses.replace(step.output, offset=plan.shards[0].bytes)},
        "output.bytes": {"output": dataclasses.replace(step.output, bytes=step.output.bytes - 2)},
        "inputs": {"inputs": step.inputs[:1]},
    }
    fields = replaced.get(damage) or {
        "inputs": [dataclasses.replace(step.inputs[0], parts=[first_input[damage]]), *step.inputs[1:]]
    }
    broken = dataclasses.replace(step, **fields)  # type: ignore[arg-type]
    error = failure(dataclasses.replace(plan, steps=[broken, *plan.steps[1:]]), tmp_path)
    assert error.code == "plan-invalid"


def test_integers_and_missing_parameters_are_refused(tmp_path: Path) -> None:
    plan = plan_method(
        tmp_path, "linear", None, [{"w": torch.arange(3)}], {"normalize": True}, [{"weight": 1}]
    )
    assert "not floating point" in failure(plan, tmp_path).message
    plan = small_plan(tmp_path)
    incomplete = dataclasses.replace(plan, operations=[operation("linear", {}, [{"weight": 1}] * 3)])
    assert "must have exactly normalize" in failure(incomplete, tmp_path).message


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version":2}'])
def test_a_plan_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text)
    with pytest.raises(WorkerError) as caught:
        run_merge(
            MergeParams(1, str(path), str(tmp_path), "cpu", 1, None, None), lambda *state: None, lambda: False
        )
    assert caught.value.code == "plan-invalid"


def test_cancelling_ends_all_threads_promptly(tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    # One step a thousand times over, always at the same place.
    long = dataclasses.replace(plan, steps=[plan.steps[0]] * 20_000)
    asked: list[float] = []

    def stop() -> bool:
        asked.append(time.monotonic())
        return len(asked) > 100

    with pytest.raises(WorkerError) as caught:
        run_plan(long, 2, 65_536, stop)
    assert caught.value.code == "cancelled"
    assert len(asked) < 110
    assert time.monotonic() - asked[100] < 0.5
    assert not [thread for thread in threading.enumerate() if thread.name == "merge"]


def test_the_first_error_stops_everything_and_is_raised_once(tmp_path: Path) -> None:
    good, bad = torch.ones(65_536), torch.full((65_536,), torch.inf)
    plan = plan_method(tmp_path, "passthrough", None, [{"a": bad, "b": good}], {}, [{"scale": 1}])
    many = dataclasses.replace(plan, steps=[plan.steps[0], *[plan.steps[1]] * 20_000])
    started = time.monotonic()
    with pytest.raises(WorkerError, match="a would hold"):
        run_plan(many, 4, 65_536)
    assert time.monotonic() - started < 5


def test_progress_grows_to_the_whole(tmp_path: Path) -> None:
    plan = small_plan(tmp_path)
    path = save_plan(plan, tmp_path / "plan.json")
    seen: list[tuple[int, int, str]] = []
    params = MergeParams(1, str(path), str(tmp_path), "auto", 2, 65_536, None)
    totals = run_merge(params, lambda *state: seen.append(state), lambda: False)
    assert [state[0] for state in seen] == sorted(state[0] for state in seen)
    assert seen[-1][:2] == (sum(step.output.bytes for step in plan.steps), len(plan.steps))
    assert {state[2] for state in seen} == {step.tensor for step in plan.steps}
    assert totals.bytes_read == 3 * totals.bytes_written - 3 * (8 + len(plan.shards[0].header))
