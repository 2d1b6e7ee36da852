"""Memory of mapped, padded and rescaled inputs in a process of its own: the tensor's size must not show."""

from __future__ import annotations

from pathlib import Path

import torch

from amalgam_worker.protocol import LoraUpdate
from helpers.one_step import cut_input, models_in, step_plan
from helpers.peaks import peaks
from helpers.plans import merge_request, operation
from helpers.reference_rows import row_map

COLUMNS = 1024
MEBI = 1024 * 1024


def merge_params(folder: Path, rows: int) -> dict[str, object]:
    folder.mkdir()
    weight = (torch.arange(rows * COLUMNS, dtype=torch.int32) % 509).bfloat16().reshape(rows, COLUMNS) + 1
    adapter = {"a": torch.ones(1, rows), "b": torch.ones(COLUMNS, 1), "m": torch.ones(COLUMNS)}
    maker = models_in(folder, {"w": weight}, {"w": weight}, adapter)
    update = LoraUpdate(maker.places[2]["a"], maker.places[2]["b"], 0.5, True, maker.places[2]["m"])
    inputs = [
        cut_input(maker, 0, [rows * COLUMNS // 2 + 1]),
        cut_input(maker, 1, rows=0, lora=update),
    ]
    how = operation("linear", {"normalize": True}, [{"weight": 1}, {"weight": 1}])
    maps = [row_map([*range(rows // 2, rows), [(0, 1), (1, 2)], *range(rows // 2)], 5)]
    plan = step_plan(maker, [rows + 6, COLUMNS + 3], inputs, how=how, dtype=torch.bfloat16, row_maps=maps)
    return merge_request(plan, folder)


def test_peak_does_not_grow_with_the_tensor(tmp_path: Path) -> None:
    medium, large = merge_params(tmp_path / "medium", 8 * 1024), merge_params(tmp_path / "large", 38 * 1024)
    first, second = peaks(medium, large)
    # The large tensor has 60 MiB more in each of two models, and 120 MiB more as float32.
    assert second - first < 24 * MEBI
