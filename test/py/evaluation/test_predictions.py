"""Tasks whose examples have no targets, or are of both kinds."""

from pathlib import Path

import pytest
from evaluation_data import (
    evaluation_params,
    evaluation_task,
    generation_rows,
    multiple_choice_rows,
    without_targets,
    write_csv,
    write_jsonl,
)
from evaluation_run import run_evaluation

CHOICES = multiple_choice_rows(9)
TEXTS = generation_rows(7)
MIXED = [row for pair in zip(CHOICES, TEXTS, strict=False) for row in pair] + CHOICES[7:]


def test_a_task_of_both_kinds_scores_each_row_as_its_kind(model_folder: Path, tmp_path: Path) -> None:
    tasks = [
        evaluation_task(write_csv(tmp_path / "all.csv", MIXED), "by_row"),
        evaluation_task(write_csv(tmp_path / "mc.csv", CHOICES), "multiple_choice"),
        evaluation_task(write_csv(tmp_path / "gen.csv", TEXTS), "generation"),
    ]
    run = run_evaluation(evaluation_params(model_folder, tasks, batch_size=3))
    mixed, choices, texts = run.result.tasks
    assert mixed.ids == [row[0] for row in MIXED]
    apart = {
        key: (score, prediction)
        for task in (choices, texts)
        for key, score, prediction in zip(task.ids, task.scores, task.predictions, strict=True)
    }
    assert [apart[key] for key in mixed.ids] == list(zip(mixed.scores, mixed.predictions, strict=True))
    assert mixed.mean == pytest.approx(sum(mixed.scores) / len(MIXED), abs=1e-12)
    assert mixed.metrics == {**choices.metrics, **texts.metrics}
    ends = [metric for metric in run.metrics if metric.task == "all"][-1]
    assert (ends.done, ends.total) == (16, 16)
    assert ends.mean == pytest.approx(mixed.mean, abs=1e-12)


def test_without_targets_there_are_predictions_only(model_folder: Path, tmp_path: Path) -> None:
    tasks = [
        evaluation_task(write_csv(tmp_path / "scored.csv", MIXED), "by_row"),
        evaluation_task(write_csv(tmp_path / "blind.csv", without_targets(MIXED)), "by_row"),
    ]
    run = run_evaluation(evaluation_params(model_folder, tasks))
    scored, blind = run.result.tasks
    assert blind.predictions == scored.predictions
    assert blind.ids == scored.ids
    assert (blind.n, blind.mean, blind.standard_error) == (16, None, None)
    assert (blind.scores, blind.metrics) == ([], {})
    metrics = [metric for metric in run.metrics if metric.task == "blind"]
    assert {(metric.mean, metric.standard_error) for metric in metrics} == {(None, None)}
    assert metrics[-1].done == 16
    assert [log.message for log in run.logs] == ["blind: no targets, so predictions without scores"]


def test_json_lines_score_as_the_same_csv(model_folder: Path, tmp_path: Path) -> None:
    names = ("id", "input", "target", "answer_choices", "eval_type")
    lines = write_jsonl(tmp_path / "lines.jsonl", [dict(zip(names, row, strict=True)) for row in MIXED])
    tasks = [
        evaluation_task(lines, "by_row"),
        evaluation_task(write_csv(tmp_path / "rows.csv", MIXED), "by_row"),
    ]
    one, other = run_evaluation(evaluation_params(model_folder, tasks)).result.tasks
    assert (one.scores, one.predictions, one.metrics) == (other.scores, other.predictions, other.metrics)
