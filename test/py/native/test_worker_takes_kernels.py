"""A worker as the host starts it, with torch imported as it does that, takes the library into use."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from amalgam_worker.native.start import FOLDER
from amalgam_worker.protocol import PROTOCOL
from helpers.compiled import library
from helpers.plans import PlanMaker, operation, save_plan
from helpers.worker import WorkerProcess


def kernels_note(worker: WorkerProcess) -> str:
    """The first line of stderr that tells what became of the kernels."""
    assert worker.process.stderr is not None
    for line in worker.process.stderr:
        told = line.decode()
        if told.startswith(("compiled kernels:", "Exception in thread kernels")):
            return told
    return "nothing"


def test_a_merge_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in library().parent.glob("*.json"):
        # Compared with torch here, too.
        path.unlink()
    monkeypatch.setenv(FOLDER, str(library().parent))
    monkeypatch.setenv("AMALGAM_DEBUG", "1")
    maker = PlanMaker(tmp_path)
    numbers = [maker.add_model({"weight": torch.zeros(8_200_000, dtype=torch.bfloat16)}) for _ in range(2)]
    average = operation("linear", {"normalize": True}, [{"weight": 1}, {"weight": 1}])
    steps = [("weight", 0, None, [maker.source(number, "weight") for number in numbers])]
    params = {
        "job": 1,
        "planPath": str(save_plan(maker.plan(steps, [average], torch.bfloat16), tmp_path / "plan.json")),
        "directory": str(tmp_path),
        "device": "cpu",
        "threads": 1,
        "chunkElements": None,
        "part": None,
    }
    with WorkerProcess() as worker:
        assert "result" in worker.request("initialize", {"protocol": PROTOCOL})
        assert "result" in worker.request("merge", params, id=2)
        note = kernels_note(worker)
    assert note.startswith("compiled kernels: in use after")
    assert "without" not in note
