import sys
from pathlib import Path

import pytest
from evaluation_data import evaluation_params, multiple_choice_rows
from evaluation_run import run_evaluation

from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation.data_set_rows import read_data_set
from amalgam_worker.evaluation.examples import MultipleChoiceExample, examples_of
from amalgam_worker.evaluation.packages import require_datasets
from amalgam_worker.evaluation.rows import source_names
from amalgam_worker.protocol import EvaluationTask, TaskData

COLUMNS = {"input": "question", "answer_choices": "options", "target": "label"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A data set of two splits, as on the Hub, with a cache of its own."""
    datasets = pytest.importorskip("datasets", reason="the package datasets is not installed")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    for split, count in (("validation", 5), ("test", 12)):
        rows = multiple_choice_rows(count, seed=count)
        values = {
            "question": [row[1] for row in rows],
            "label": [0 for _ in rows],
            "options": [[f"{row[1]} a", "b"] for row in rows],
            "weight": [0.5 for _ in rows],
        }
        path = tmp_path / "set" / "data" / f"{split}-00000-of-00001.parquet"
        datasets.Dataset.from_dict(values).to_parquet(str(path))
    return str(tmp_path / "set")


def task_data(source: str, split: str | None, columns: dict[str, str] = COLUMNS) -> TaskData:
    return TaskData("datasets", source, None, split, None, columns)


def failure(data: TaskData) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        read_data_set(data, source_names("task", data.columns))
    return caught.value


def test_a_split_is_read_with_the_tasks_columns(folder: str) -> None:
    table = read_data_set(task_data(folder, "validation"), source_names("task", COLUMNS))
    rows = multiple_choice_rows(5, seed=5)
    assert examples_of(table, "multiple_choice", list(COLUMNS)) == [
        MultipleChoiceExample(str(number), row[1], (f"{row[1]} a", "b"), 0) for number, row in enumerate(rows)
    ]


def test_a_data_set_is_evaluated(folder: str, llama_folder: Path) -> None:
    task = EvaluationTask("set", "multiple_choice", task_data(folder, "test"), None, None, None, "none")
    result = run_evaluation(evaluation_params(llama_folder, [task])).result.tasks[0]
    assert result.n == 12
    assert result.ids == [str(number) for number in range(12)]


def test_a_split_must_be_named_where_there_are_several(folder: str) -> None:
    error = failure(task_data(folder, None))
    assert error.code == "data-invalid"
    assert "validation, test" in error.message


def test_a_missing_column_is_named(folder: str) -> None:
    data = task_data(folder, "test", {})
    with pytest.raises(WorkerError, match="no column input, answer_choices") as caught:
        examples_of(read_data_set(data, source_names("task", {})), "multiple_choice")
    assert "'question'" in caught.value.message


@pytest.mark.parametrize("split", ["train", "test"])
def test_what_cannot_be_loaded_is_named(folder: str, split: str) -> None:
    error = failure(task_data(folder if split == "train" else f"{folder}/nowhere", split))
    assert error.code == "read-failed"
    assert folder in error.message
    assert error.hint


def test_a_data_set_of_the_hub_without_network_is_named(folder: str) -> None:
    error = failure(task_data("someone/unheard-of-set", "test"))
    assert error.code == "read-failed"
    assert "someone/unheard-of-set" in error.message


def test_the_package_is_needed_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    error = failure(task_data("any", "test"))
    assert error.code == "package-missing"
    assert error.hint == f"{sys.executable} -m pip install 'datasets'"


def test_an_old_package_is_refused(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(require_datasets(), "__version__", "3.6.0")
    error = failure(task_data(folder, "test"))
    assert error.code == "package-missing"
    assert "datasets>=4.0" in str(error.hint)
