from __future__ import annotations

from pathlib import Path

import pytest
import torch

from amalgam_worker.engine import Settings, execute
from amalgam_worker.protocol import Operation, Plan
from amalgam_worker.tensors.memory_sink import MemorySink
from amalgam_worker.tensors.writer import ShardFiles
from helpers.plans import PlanMaker, read_checkpoint

CPU = torch.device("cpu")


def plan_of(folder: Path) -> Plan:
    """Sums, copies, no elements at all, and a scalar."""
    generator = torch.Generator().manual_seed(0)
    maker = PlanMaker(folder)
    for _ in range(2):
        maker.add_model(
            {
                "sum": torch.randn(300, 500, generator=generator),
                "copy": torch.arange(100_000),
                "none": torch.empty(0, 3),
                "one": torch.randn((), generator=generator),
            }
        )
    weights: list[dict[str, bool | float | str]] = [{"weight": 0.25}, {"weight": 0.75}]
    operation = Operation("linear", {"normalize": False}, weights)
    inputs = {name: [maker.source(0, name), maker.source(1, name)] for name in maker.places[0]}
    steps = [(name, None if name == "copy" else 0, None, sources) for name, sources in inputs.items()]
    return maker.plan(steps, [operation], torch.bfloat16)


@pytest.mark.parametrize("threads", [1, 3])
def test_memory_holds_what_files_would(tmp_path: Path, threads: int) -> None:
    plan = plan_of(tmp_path)
    settings = Settings(CPU, threads, 1 << 16)
    files = ShardFiles(str(tmp_path), plan.shards)
    memory = MemorySink(plan)
    for sink in (files, memory):
        execute(plan, sink, settings, lambda *_: None, lambda: False)
    files.close()
    stored, kept = read_checkpoint(tmp_path / "model.safetensors"), memory.take()
    assert {name: tensor.shape for name, tensor in kept.items()} == {
        name: tensor.shape for name, tensor in stored.items()
    }
    for name, tensor in kept.items():
        assert tensor.dtype == stored[name].dtype == (torch.int64 if name == "copy" else torch.bfloat16)
        assert torch.equal(tensor, stored[name])


def test_tensors_outlive_the_sink_and_can_be_changed(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    memory = MemorySink(plan)
    execute(plan, memory, Settings(CPU, 1, 1 << 16), lambda *_: None, lambda: False)
    tensors = memory.take()
    tensors["sum"].mul_(0)
    assert tensors["sum"].abs().max() == 0
    assert tensors["copy"][-1] == 99_999
