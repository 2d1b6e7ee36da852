"""Memory that runs out within a model's call, at any place of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from evaluation_data import (
    evaluation_params,
    evaluation_task,
    generation_rows,
    multiple_choice_rows,
    write_csv,
)
from evaluation_run import Run, run_evaluation

from amalgam_worker.evaluation import run_task
from amalgam_worker.evaluation.model import LoadedModel

Load = Callable[[], LoadedModel]


def run_with_hook(
    monkeypatch: pytest.MonkeyPatch, params: Any, hook: Callable[[torch.nn.Module, tuple[Any, ...]], None]
) -> Run:
    """With a hook before the MLP of the last layer: a batch has then gone through all that comes before."""
    plain = run_task.run_task

    def hooked(read: Any, model: Load, *rest: Any) -> Any:
        blocks = [module for name, module in model().model.named_modules() if name.endswith(("mlp", "wo"))]
        handle = blocks[-1].register_forward_pre_hook(hook)
        try:
            return plain(read, model, *rest)
        finally:
            handle.remove()

    with monkeypatch.context() as patch:
        # The name that `evaluate` calls; its module is hidden behind the function of the same name.
        patch.setitem(run_evaluation.__globals__["evaluate"].__globals__, "run_task", hooked)
        return run_evaluation(params)


@pytest.mark.parametrize("kind", ["multiple_choice", "generation"])
def test_smaller_batches_give_the_same_scores(
    monkeypatch: pytest.MonkeyPatch, model_folder: Path, tmp_path: Path, kind: Any
) -> None:
    rows = multiple_choice_rows(20) if kind == "multiple_choice" else generation_rows(20)
    params = evaluation_params(model_folder, [evaluation_task(write_csv(tmp_path / "a.csv", rows), kind)])
    expected = run_evaluation(params)
    calls, first = 0, 0 if kind == "multiple_choice" else 3

    def scarce(module: torch.nn.Module, inputs: tuple[Any, ...]) -> None:
        nonlocal calls
        calls += 1
        # Prompts pass, and their choices, which are more rows, do not; or some tokens are generated first.
        if inputs[0].shape[0] > (20 if kind == "multiple_choice" else 5) and calls > first:
            raise torch.OutOfMemoryError("CUDA out of memory")

    run = run_with_hook(monkeypatch, params, scarce)
    assert "memory ran out on a batch of" in run.logs[0].message
    assert run.result.tasks[0].scores == expected.result.tasks[0].scores
    assert run.result.tasks[0].predictions == expected.result.tasks[0].predictions
    assert run.metrics[-1].done == 20
