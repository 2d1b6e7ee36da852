import sys
from collections.abc import Callable
from dataclasses import replace
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
from evaluation_run import run_evaluation

from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation import evaluate
from amalgam_worker.evaluation.statistics import running_mean
from amalgam_worker.protocol import EvaluateParams, LogNotification, MetricNotification


@pytest.fixture
def params(llama_folder: Path, tmp_path: Path) -> EvaluateParams:
    choice = evaluation_task(write_csv(tmp_path / "mc.csv", multiple_choice_rows(20)), "multiple_choice")
    generation = evaluation_task(write_csv(tmp_path / "gen.csv", generation_rows(10)), "generation")
    return evaluation_params(llama_folder, [choice, generation], batch_size=4)


def failure(params: EvaluateParams, cancelled: Callable[[], bool] = lambda: False) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        evaluate(params, lambda event: None, cancelled)
    return caught.value


def test_running_means_end_with_the_result(params: EvaluateParams) -> None:
    run = run_evaluation(params)
    assert [task.task for task in run.result.tasks] == ["mc", "gen"]
    assert run.result.device == "cpu"
    for task, batches in zip(run.result.tasks, (5, 3), strict=True):
        metrics = [metric for metric in run.metrics if metric.task == task.task]
        assert len(metrics) == batches
        assert [metric.done for metric in metrics] == sorted({metric.done for metric in metrics})
        assert {(metric.job, metric.total) for metric in metrics} == {(7, task.n)}
        assert metrics[-1].done == task.n
        assert metrics[-1].mean == pytest.approx(task.mean, abs=1e-12)
        assert task.standard_error == pytest.approx(running_mean(task.scores).standard_error(), abs=1e-12)
        assert metrics[-1].standard_error == pytest.approx(task.standard_error, abs=1e-12)
        assert task.seconds > 0


def test_limit_takes_the_first_examples(params: EvaluateParams) -> None:
    whole = run_evaluation(params).result
    first = run_evaluation(replace(params, limit=6)).result
    assert [task.n for task in first.tasks] == [6, 6]
    for part, task in zip(first.tasks, whole.tasks, strict=True):
        assert part.scores == task.scores[:6]


def test_a_seeded_sample_is_scored_in_file_order(params: EvaluateParams) -> None:
    whole = run_evaluation(params).result.tasks[0]
    part = run_evaluation(replace(params, limit=6, sample_seed=4)).result.tasks[0]
    places = [whole.ids.index(key) for key in part.ids]
    assert places == sorted(places) != list(range(6))
    assert part.predictions == [whole.predictions[place] for place in places]


def test_threads_are_as_before_afterwards(params: EvaluateParams) -> None:
    before = torch.get_num_threads()
    run_evaluation(replace(params, threads=before + 1, limit=1))
    assert torch.get_num_threads() == before


def test_a_small_model_gets_one_thread_unless_more_are_asked_for(params: EvaluateParams) -> None:
    seen: list[int] = []

    def emit(event: MetricNotification | LogNotification) -> None:
        seen.append(torch.get_num_threads())

    for threads in (None, 2):
        evaluate(replace(params, threads=threads, limit=1), emit, lambda: False)
    assert seen == [1, 1, 2, 2]


@pytest.mark.parametrize("calls", range(1, 8))
def test_it_ends_soon_after_it_is_cancelled(params: EvaluateParams, calls: int) -> None:
    asked = 0
    events: list[MetricNotification | LogNotification] = []

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked >= calls

    with pytest.raises(WorkerError) as caught:
        evaluate(params, events.append, cancelled)
    assert caught.value.code == "cancelled"
    assert asked == calls
    assert len(events) < calls


def test_a_generation_is_cancelled_between_tokens(params: EvaluateParams) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked == 5

    generation = replace(params, tasks=params.tasks[1:], batch_size=100)
    events: list[MetricNotification | LogNotification] = []
    with pytest.raises(WorkerError, match="cancelled"):
        evaluate(generation, events.append, cancelled)
    assert events == []


@pytest.mark.parametrize(
    ("module", "package"), [("transformers", "transformers"), ("rouge_score.rouge_scorer", "rouge-score")]
)
def test_a_missing_package_is_named_with_its_command(
    params: EvaluateParams, monkeypatch: pytest.MonkeyPatch, module: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    error = failure(replace(params, model_path="/nowhere"))
    assert error.code == "package-missing"
    assert package in error.message
    assert error.hint == f"{sys.executable} -m pip install '{package}'"


def test_peft_is_needed_for_adapters_only(
    params: EvaluateParams, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    (tmp_path / "adapter_config.json").write_text('{"peft_type": "LORA"}')
    (tmp_path / "adapter_model.safetensors").touch()
    run_evaluation(replace(params, limit=1))
    error = failure(replace(params, adapter_path=str(tmp_path)))
    assert error.code == "package-missing"
    assert "peft" in error.message


def test_an_old_transformers_is_refused(params: EvaluateParams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transformers.__version__", "5.4.9")
    error = failure(params)
    assert error.code == "package-missing"
    assert "transformers>=5.5" in str(error.hint)


def test_data_is_checked_before_packages_and_model(
    params: EvaluateParams, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    bad = evaluation_task(write_csv(tmp_path / "bad.csv", [("a", "", "", "", "generation")]), "generation")
    error = failure(replace(params, tasks=[*params.tasks, bad], model_path="/nowhere"))
    assert error.code == "data-invalid"


@pytest.mark.parametrize("changes", [{"limit": 0}, {"batch_size": 0}, {"threads": -1}])
def test_numbers_below_one_are_refused(params: EvaluateParams, changes: dict[str, Any]) -> None:
    assert failure(replace(params, **changes)).code == "data-invalid"


def test_a_generation_task_needs_a_length(params: EvaluateParams) -> None:
    task = replace(params.tasks[1], max_generation_length=None)
    assert failure(replace(params, tasks=[task], model_path="/nowhere")).code == "data-invalid"


def test_an_unknown_device_is_refused(params: EvaluateParams) -> None:
    assert failure(replace(params, device="tpu")).code == "no-device"


def test_nothing_is_printed(params: EvaluateParams, capfd: pytest.CaptureFixture[str]) -> None:
    run_evaluation(params)
    assert capfd.readouterr() == ("", "")
