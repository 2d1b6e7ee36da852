import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evaluation_data import (
    evaluation_params,
    evaluation_task,
    generation_rows,
    multiple_choice_rows,
    write_csv,
)
from evaluation_models import save_llama
from evaluation_run import Run, run_evaluation

from amalgam_worker import wire
from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation import evaluate, kept_scores, run_task
from amalgam_worker.protocol import EvaluateParams

CHOICES = multiple_choice_rows(12)
TEXTS = generation_rows(6)


@pytest.fixture
def params(llama_folder: Path, tmp_path: Path) -> EvaluateParams:
    choice = evaluation_task(write_csv(tmp_path / "mc.csv", CHOICES), "multiple_choice")
    generation = evaluation_task(write_csv(tmp_path / "gen.csv", TEXTS), "generation")
    plain = evaluation_params(llama_folder, [choice, generation], batch_size=4)
    return replace(plain, kept_scores=str(tmp_path / "scores"), model_key="weights")


def same_scores(one: Run, other: Run) -> bool:
    def outcomes(run: Run) -> list[Any]:
        return [replace(task, seconds=0.0, reused=0) for task in run.result.tasks]

    return outcomes(one) == outcomes(other)


def reused(params: EvaluateParams) -> list[int]:
    return [task.reused for task in run_evaluation(params).result.tasks]


def test_a_second_run_computes_nothing(params: EvaluateParams) -> None:
    first = run_evaluation(params)
    assert [task.reused for task in first.result.tasks] == [0, 0]
    second = run_evaluation(replace(params, model_path="/nowhere"))
    assert [task.reused for task in second.result.tasks] == [12, 6]
    assert same_scores(first, second)
    assert [(metric.task, metric.done) for metric in second.metrics] == [("mc", 12), ("gen", 6)]
    for metric, task in zip(second.metrics, second.result.tasks, strict=True):
        assert metric.mean == pytest.approx(task.mean, abs=1e-12)


def test_only_examples_that_are_new_are_computed(params: EvaluateParams, tmp_path: Path) -> None:
    run_evaluation(params)
    rows = [("new", *CHOICES[0][1:]), *CHOICES[3:7], (CHOICES[8][0], "another input", *CHOICES[8][2:])]
    write_csv(tmp_path / "mc.csv", rows)
    again = run_evaluation(params)
    assert [task.reused for task in again.result.tasks] == [4, 6]
    assert same_scores(again, run_evaluation(replace(params, kept_scores=None)))


def test_a_sample_is_kept_for_the_whole(params: EvaluateParams) -> None:
    assert [t.n for t in run_evaluation(replace(params, limit=5, sample_seed=3)).result.tasks] == [5, 5]
    assert reused(params) == [5, 5]


def test_files_may_move_and_tasks_with_other_examples_share_a_name(
    params: EvaluateParams, tmp_path: Path
) -> None:
    run_evaluation(params)
    moved = tmp_path / "moved"
    moved.mkdir()
    task = evaluation_task(write_csv(moved / "mc.csv", CHOICES), "multiple_choice")
    assert reused(replace(params, tasks=[task])) == [12]
    other = evaluation_task(write_csv(moved / "mc.csv", multiple_choice_rows(12, seed=9)), "multiple_choice")
    assert reused(replace(params, tasks=[other])) == [0]


CHANGES: list[Callable[[EvaluateParams], EvaluateParams]] = [
    lambda p: replace(p, model_key="other weights"),
    lambda p: replace(p, tasks=[replace(task, max_sequence_length=100) for task in p.tasks]),
    lambda p: replace(p, tasks=[replace(task, choice_prefix="bos") for task in p.tasks]),
    lambda p: replace(p, tasks=[replace(task, max_generation_length=5) for task in p.tasks]),
]


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_a_score_is_in_its_key(
    params: EvaluateParams, change: Callable[[EvaluateParams], EvaluateParams]
) -> None:
    run_evaluation(params)
    assert reused(change(params)) == [0, 0]


def test_a_later_version_of_evaluation_or_of_a_package_scores_anew(
    params: EvaluateParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_evaluation(params)
    with monkeypatch.context() as patch:
        patch.setattr(kept_scores, "EVALUATION_VERSION", kept_scores.EVALUATION_VERSION + 1)
        assert reused(params) == [0, 0]
    monkeypatch.setattr(kept_scores, "version", lambda package: "0.0")
    assert reused(params) == [0, 0]


def test_scores_of_an_unnamed_model_are_not_kept(params: EvaluateParams, tmp_path: Path) -> None:
    run_evaluation(replace(params, model_key=""))
    assert not (tmp_path / "scores").exists()


def test_a_file_torn_anywhere_gives_whole_lines_only(params: EvaluateParams, tmp_path: Path) -> None:
    task = replace(params, tasks=params.tasks[1:], limit=2)
    expected = run_evaluation(task)
    [file] = (tmp_path / "scores").iterdir()
    whole = file.read_bytes()
    kept = kept_scores.KeptScores(file, lambda message: None)
    everything = kept.read()
    assert len(everything) == 2
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        assert kept.read().items() <= everything.items()
        kept.append(everything.items())
        assert kept.read() == everything
    file.write_bytes(whole[:-30])
    again = run_evaluation(task)
    assert again.result.tasks[0].reused == 1
    assert same_scores(expected, again)


@pytest.mark.parametrize(
    "line",
    [
        b"[1]",
        b"null",
        b'"text"',
        b"\xff\x00",
        b'{"example": "KEY", "score": 0.5, "prediction": "x"}',
        b'{"example": "KEY", "score": "1", "prediction": "x", "metrics": {}}',
        b'{"example": "KEY", "score": NaN, "prediction": "x", "metrics": {}}',
        b'{"example": "KEY", "score": 2.0, "prediction": "x", "metrics": {}}',
        b'{"example": "KEY", "score": 0.5, "prediction": 7, "metrics": {}}',
        b'{"example": "KEY", "score": 0.5, "prediction": "x", "metrics": {"accuracy": true}}',
        b'{"example": "KEY", "score": 0.5, "prediction": "x", "metrics": [0.5]}',
        b'{"example": 3, "score": 0.5, "prediction": "x", "metrics": {}}',
    ],
)
def test_foreign_lines_are_not_scores(line: bytes) -> None:
    assert kept_scores.parsed_line(line) is None


def test_cancelled_work_is_kept(params: EvaluateParams) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked == 5

    with pytest.raises(WorkerError, match="cancelled"):
        evaluate(params, lambda event: None, cancelled)
    assert reused(params) == [8, 0]


KILLED = """
import os, signal, sys
from amalgam_worker import wire
from amalgam_worker.evaluation import evaluate
from amalgam_worker.protocol import EvaluateParams, MetricNotification

def emit(event):
    if isinstance(event, MetricNotification) and event.done >= 8:
        os.kill(os.getpid(), signal.SIGKILL)

evaluate(wire.decode(EvaluateParams, wire.parse(sys.stdin.buffer.read())), emit, lambda: False)
"""


def test_scores_survive_a_kill(params: EvaluateParams) -> None:
    text = json.dumps(wire.encode(params)).encode()
    paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", KILLED], input=text, env=paths, check=False)
    assert ended.returncode == -signal.SIGKILL
    again = run_evaluation(params)
    assert [task.reused for task in again.result.tasks] == [8, 0]
    assert same_scores(again, run_evaluation(replace(params, kept_scores=None)))


def test_two_runs_at_once_keep_what_either_computes(
    params: EvaluateParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second runs whole between two batches of the first."""
    runs: list[Run] = []
    plain = run_task.run_batches

    def interrupted(*arguments: Any) -> Any:
        for number, result in enumerate(plain(*arguments)):
            if number == 1 and not runs:
                monkeypatch.setattr(run_task, "run_batches", plain)
                runs.append(run_evaluation(params))
            yield result

    monkeypatch.setattr(run_task, "run_batches", interrupted)
    first = run_evaluation(params)
    assert [task.reused for task in runs[0].result.tasks] == [4, 0]
    assert [task.reused for task in first.result.tasks] == [0, 6]
    assert same_scores(first, runs[0])
    assert reused(params) == [12, 6]


def test_a_folder_that_cannot_be_written_is_said_once(params: EvaluateParams, tmp_path: Path) -> None:
    (tmp_path / "scores").write_text("a file")
    run = run_evaluation(params)
    assert [task.n for task in run.result.tasks] == [12, 6]
    assert [log.message.split(":")[0] for log in run.logs] == [
        "scores are not kept for a later run",
        "scores are not kept for a later run",
    ]


def test_predictions_without_targets_are_kept(params: EvaluateParams, tmp_path: Path) -> None:
    write_csv(tmp_path / "mc.csv", [(row[0], row[1], "", *row[3:]) for row in CHOICES])
    first = run_evaluation(params)
    second = run_evaluation(params)
    assert [task.reused for task in second.result.tasks] == [12, 6]
    assert same_scores(first, second)
    assert first.result.tasks[0].mean is None


def test_a_task_of_any_name_has_a_file_of_its_own(params: EvaluateParams, tmp_path: Path) -> None:
    task = replace(params.tasks[0], name="../../é/" + "x" * 300)
    run_evaluation(replace(params, tasks=[task]))
    assert [path.suffix for path in (tmp_path / "scores").iterdir()] == [".jsonl"]


def test_models_of_one_key_are_one_model(params: EvaluateParams, tmp_path: Path) -> None:
    """The caller's word is taken: a merge of the same parents elsewhere reuses what is there."""
    run_evaluation(params)
    other = save_llama(tmp_path / "other", seed=1)
    assert reused(replace(params, model_path=str(other))) == [12, 6]
    fresh = run_evaluation(replace(params, model_path=str(other), model_key="other"))
    assert not any(math.isnan(task.mean or 0) for task in fresh.result.tasks)
    assert [task.reused for task in fresh.result.tasks] == [0, 0]
