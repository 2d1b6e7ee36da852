"""Memory of a merge in a process of its own: the size of the tensors must not show."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from amalgam_worker.memory import anonymous_bytes
from helpers.peaks import peaks
from helpers.plans import merge_request
from helpers.run import Values, plan_method

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
    medium = merge_params(tmp_path / "medium", scope, 8 * MEBI)
    large = merge_params(tmp_path / "large", scope, 38 * MEBI)
    first, second = peaks(medium, large)
    # The large tensor has 60 MiB more in each of three models, and 120 MiB more as float32.
    assert second - first < 24 * MEBI
    assert second < 400 * MEBI


def test_anonymous_memory_is_that_of_this_process() -> None:
    before = anonymous_bytes()
    block = bytearray(b"x") * (64 * MEBI)
    assert 60 * MEBI < anonymous_bytes() - before < 80 * MEBI
    assert len(block) == 64 * MEBI
