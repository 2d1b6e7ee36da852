"""However many chunks a tensor has, memory to read and compute in is taken for the first ones only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from test_engine import OPERATIONS

from amalgam_worker.methods.method import BLOCK
from amalgam_worker.tensors import buffers
from helpers.run import plan_method, run_plan


class Counter:
    """How often what it stands for was called."""

    def __init__(self, original: Any) -> None:
        self._original = original
        self.calls = 0

    def __call__(self, *args: Any, **options: Any) -> Any:
        self.calls += 1
        return self._original(*args, **options)


def allocations(folder: Path, method: str, chunks: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    generator = torch.Generator().manual_seed(chunks)
    models = [{"w": torch.randn(chunks * BLOCK, generator=generator).bfloat16()} for _ in range(3)]
    has_base, shared, per_input = OPERATIONS[method]
    plan = plan_method(folder, method, models[2] if has_base else None, models[:2], shared, per_input)
    host, scratch = Counter(bytearray), Counter(torch.empty)
    with monkeypatch.context() as patch:
        patch.setattr(buffers, "bytearray", host, raising=False)
        patch.setattr(torch, "empty", scratch)
        run_plan(plan, chunk_elements=BLOCK)
    return [host.calls, scratch.calls]


@pytest.mark.parametrize("method", ["linear", "task_arithmetic", "ties", "sce"])
def test_chunks_take_no_memory_of_their_own(
    method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both larger than a window: what is sampled of it is then less than a chunk.
    few = allocations(tmp_path, method, 6, monkeypatch)
    assert min(few) > 0
    assert allocations(tmp_path, method, 24, monkeypatch) == few
