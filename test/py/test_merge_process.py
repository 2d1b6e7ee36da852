"""A merge through the real process: plan file in, shard file out."""

from __future__ import annotations

import stat
from pathlib import Path

import torch

from amalgam_worker.protocol import PROTOCOL
from helpers.plans import PlanMaker, operation, read_checkpoint, save_plan
from helpers.worker import WorkerProcess


def test_linear_merge_of_two_models(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(1)
    models = [
        {
            "embed": torch.randn(70_000, 3, generator=generator).bfloat16(),
            "norm": torch.randn(7, generator=generator).bfloat16(),
            "scalar": torch.randn((), generator=generator).bfloat16(),
            "empty": torch.empty(0, 4).bfloat16(),
            "ids": torch.arange(5),
        }
        for _ in range(2)
    ]
    maker = PlanMaker(tmp_path)
    numbers = [maker.add_model(tensors) for tensors in models]
    weights = [0.25, 0.5]
    steps = [
        (name, None if name == "ids" else 0, None, [maker.source(number, name) for number in numbers])
        for name in models[0]
    ]
    average = operation("linear", {"normalize": True}, [{"weight": weight} for weight in weights])
    plan = maker.plan(steps, [average], torch.float32)
    out = tmp_path / "out"
    out.mkdir()
    with WorkerProcess() as worker:
        assert worker.request("initialize", {"protocol": PROTOCOL})["result"]["protocol"] == PROTOCOL
        params = {
            "job": 7,
            "planPath": str(save_plan(plan, tmp_path / "plan.json")),
            "directory": str(out),
            "device": "cpu",
            "threads": 2,
            "chunkElements": 65_536,
            "part": None,
        }
        result = worker.request("merge", params, id=2)["result"]
        assert worker.close_stdin()[0] == 0
    path = out / "model.safetensors"
    merged = read_checkpoint(path)
    for name, tensor in merged.items():
        first, second = (model[name].double() for model in models)
        expected = first if name == "ids" else (0.25 * first + 0.5 * second) / 0.75
        torch.testing.assert_close(tensor.double(), expected, rtol=1e-6, atol=1e-7)
    assert result["tensors"] == 5
    assert result["bytesWritten"] == path.stat().st_size
    assert (
        result["bytesRead"] == sum(t.numel() * t.element_size() for m in models for t in m.values()) + 5 * 8
    )
    assert result["peakMemory"] > 0
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600
    last = worker.notifications[-1]
    assert last["method"] == "progress"
    assert last["params"]["job"] == 7
    assert last["params"]["tensorsDone"] == 5
    assert last["params"]["bytesDone"] == sum(step.output.bytes for step in plan.steps)
