"""The lane of a GPU on a fake one: the bytes of the CPU's lane, and nothing in order by chance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from test_engine import OPERATIONS, models, small_plan

from amalgam_worker import engine, handlers
from amalgam_worker.engine import Settings
from amalgam_worker.errors import WorkerError
from amalgam_worker.gpu.streams import Stream
from amalgam_worker.methods import METHODS
from amalgam_worker.methods.linear import LINEAR
from amalgam_worker.methods.method import Chunk, Parameters, Statistics
from amalgam_worker.protocol import LogNotification, MergeParams, Plan
from helpers.fake_gpu import GPU
from helpers.fake_streams import FakeStreams, HazardError
from helpers.plans import PlanMaker, operation, save_plan, tensor_bytes
from helpers.run import plan_method, run_plan

Outputs = dict[str, torch.Tensor]
WAITS: list[tuple[str, Stream]] = [
    ("host", "copy in"),
    ("copy in", "compute"),
    ("compute", "copy in"),
    ("copy out", "compute"),
    ("host", "copy out"),
]
# bytes of an element of the models
SIZE = 2


def operation_plan(folder: Path, name: str, dtype: torch.dtype = torch.bfloat16) -> Plan:
    with_base, shared, per_input = OPERATIONS[name]
    base, *inputs = models()
    chosen = inputs[: len(per_input)]
    return plan_method(folder, name.split()[0], base if with_base else None, chosen, shared, per_input, dtype)


def assert_same(one: Outputs, other: Outputs) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        assert tensor_bytes(tensor) == tensor_bytes(other[name]), name


def test_every_method_is_among_the_operations() -> None:
    assert {name.split()[0] for name in OPERATIONS} == set(METHODS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_bytes_are_those_of_the_cpu(tmp_path: Path, name: str) -> None:
    plan, streams = operation_plan(tmp_path, name), FakeStreams()
    assert_same(run_plan(plan, 2, 65_536, streams=streams), run_plan(plan, 1, 262_144))
    assert streams.waited == set(WAITS)


def test_stored_bytes_cross_the_bus_and_not_wide_ones(tmp_path: Path) -> None:
    plan, streams = small_plan(tmp_path), FakeStreams()
    run_plan(plan, streams=streams)
    elements = sum(t.numel() for t in models()[0].values())
    # One byte of each piece says whether it is finite.
    pieces = sum(-(-t.numel() // 262_144) for t in models()[0].values())
    assert streams.crossed == SIZE * elements * (3 + 1) + pieces


@pytest.mark.parametrize("ignored", WAITS)
def test_every_wait_is_needed(tmp_path: Path, ignored: tuple[str, Stream]) -> None:
    with pytest.raises(HazardError):
        run_plan(small_plan(tmp_path), 1, 65_536, streams=FakeStreams(ignored))


def test_tensors_that_are_copied_go_past_the_device(tmp_path: Path) -> None:
    maker = PlanMaker(tmp_path)
    for tensors in models()[:2]:
        maker.add_model(tensors)
    plan = maker.plan(
        [
            ("up", None, None, [maker.source(0, "up")]),
            ("embed", 0, None, [maker.source(0, "embed"), maker.source(1, "embed")]),
        ],
        [operation("linear", {"normalize": True}, [{"weight": 1}] * 2)],
    )
    streams = FakeStreams()
    assert_same(run_plan(plan, 2, streams=streams), run_plan(plan))
    embed = models()[0]["embed"].numel()
    assert streams.crossed == SIZE * embed * 3 + -(-embed // 262_144)


@pytest.mark.parametrize("number", [0, 3])
def test_what_is_not_finite_is_found_late_but_found(tmp_path: Path, number: int) -> None:
    broken = models()
    name = list(broken[0])[number]
    broken[1][name].view(-1)[-1] = float("nan")
    plan = plan_method(tmp_path, "linear", None, broken, {"normalize": True}, [{"weight": 1}] * 3)
    with pytest.raises(WorkerError, match=name) as caught:
        run_plan(plan, 1, 65_536, streams=FakeStreams())
    assert caught.value.code == "non-finite"


def test_what_was_begun_is_written_when_a_merge_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(WorkerError) as caught:
        run_plan(small_plan(tmp_path), 2, 65_536, lambda: True, FakeStreams())
    assert caught.value.code == "cancelled"


@pytest.mark.parametrize(
    "name", ["linear", "ties paper", "ties of models", "breadcrumbs", "slerp", "sce", "model_stock"]
)
def test_chunks_become_smaller_where_memory_is_short(tmp_path: Path, name: str) -> None:
    plan, said = operation_plan(tmp_path, name), list[str]()
    # Room for 131,072 elements and a byte.
    streams = FakeStreams(capacity=SIZE * 131_072 + 1)
    merged = run_plan(plan, 2, 1 << 20, streams=streams, warn=said.append)
    assert_same(merged, run_plan(plan))
    # Larger ones may do in between, for a sample.
    assert said[-1] == "cuda:0 ran out of memory: the merge goes on in chunks of 131,072 elements"
    assert len(set(said)) == len(said) <= 2


def test_memory_may_run_out_while_a_chunk_is_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, said = small_plan(tmp_path), list[str]()
    expected = run_plan(plan)

    def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
        result = LINEAR.combine(chunk, statistics, parameters)
        if chunk.elements > 65_536:
            raise torch.OutOfMemoryError("tried to allocate")
        return result

    monkeypatch.setitem(METHODS, "linear", replace(LINEAR, combine=combine))
    assert_same(run_plan(plan, 2, 1 << 20, streams=FakeStreams(), warn=said.append), expected)
    assert said[-1] == "cuda:0 ran out of memory: the merge goes on in chunks of 65,536 elements"


@pytest.mark.parametrize(
    ("name", "message"),
    [("linear", "too little free memory for 65,536 elements of"), ("della", "which cannot be cut")],
)
def test_memory_that_is_too_short_for_anything_is_told(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(WorkerError, match=message) as caught:
        run_plan(operation_plan(tmp_path, name), streams=FakeStreams(capacity=70_000))
    assert caught.value.code == "out-of-memory"
    assert "--device cpu" in (caught.value.hint or "")


def test_a_host_is_warned_of_smaller_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_plan(small_plan(tmp_path), tmp_path / "plan.json")
    settings = Settings(GPU, 1, 1 << 20, FakeStreams(capacity=SIZE * 131_072 + 1))
    monkeypatch.setattr(engine, "settings_on", lambda *how: settings)
    sent = list[object]()
    params = MergeParams(1, str(path), str(tmp_path), "cpu", None, None, None)
    handlers.merge(params, lambda method, value: sent.append(value), lambda: False)
    logs = [value for value in sent if isinstance(value, LogNotification)]
    assert [log.level for log in logs] == ["warning"]
    assert logs[0].message.endswith("in chunks of 131,072 elements")


def test_a_gpu_is_fed_by_two_threads_in_large_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    streams = FakeStreams()
    monkeypatch.setattr(engine, "CudaStreams", lambda device: streams)
    gpu = torch.device("cuda", 1)
    assert engine.settings_on(gpu, None) == Settings(gpu, 2, 1 << 20, streams)
    assert engine.settings_on(gpu, 3, 65_536) == Settings(gpu, 3, 65_536, streams)
    assert engine.settings_on(torch.device("cpu"), 3).streams is None


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_travels_any_more_when_a_merge_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    streams, released = FakeStreams(), list[bool]()
    monkeypatch.setattr(streams, "release", lambda: released.append(True))
    plan = small_plan(tmp_path)
    if fails:
        (tmp_path / "model-0.safetensors").write_bytes(b"")
        with pytest.raises(WorkerError):
            run_plan(plan, streams=streams)
    else:
        run_plan(plan, streams=streams)
    assert released == [True]
