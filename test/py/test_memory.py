"""Memory of a merge in a process of its own: the size of the tensors must not show."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from amalgam_worker.memory import anonymous_bytes
from helpers.plans import merge_request
from helpers.run import Values, plan_method
from helpers.worker import WorkerProcess

MEBI = 1024 * 1024
SHARED: Values = {
    "normalize": True,
    "rescale": True,
    "lambda": 0.9,
    "int8_mask": False,
    "dialect": "mergekit",
}
PER_INPUT: list[Values] = [{"weight": 0.4, "density": 0.37}, {"weight": 0.8, "density": 0.61}]


def merge_params(folder: Path, scope: str, elements: int) -> dict[str, object]:
    folder.mkdir()
    values = (torch.arange(elements, dtype=torch.int32) % 509).bfloat16()
    base = {"w": values}
    tuned = [{"w": values * (1 + step)} for step in (0.25, -0.5)]
    plan = plan_method(folder, "ties", base, tuned, {**SHARED, "trim_scope": scope}, PER_INPUT)
    return merge_request(plan, folder)


@pytest.mark.parametrize("scope", ["tensor", "model"])
def test_peak_does_not_grow_with_the_tensor(tmp_path: Path, scope: str) -> None:
    small = merge_params(tmp_path / "small", scope, 2 * MEBI)
    large = merge_params(tmp_path / "large", scope, 32 * MEBI)
    with WorkerProcess() as worker:
        first, second = (worker.request("merge", params)["result"]["peakMemory"] for params in (small, large))
    # The large tensor alone has 64 MiB in each of three models, and 128 MiB as float32.
    assert second - first < 24 * MEBI
    assert second < 400 * MEBI


def test_anonymous_memory_is_that_of_this_process() -> None:
    before = anonymous_bytes()
    block = bytearray(b"x") * (64 * MEBI)
    assert 60 * MEBI < anonymous_bytes() - before < 80 * MEBI
    assert len(block) == 64 * MEBI
