"""Tasks of lm-evaluation-harness, compared with what it finds when it is run by itself."""

import json
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from evaluation_data import evaluation_params, phrase
from evaluation_run import run_evaluation

from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation import evaluate
from amalgam_worker.protocol import EvaluateParams, EvaluationTask, HarnessTask, TaskResult

COMMON = """
dataset_path: json
dataset_kwargs: {data_files: {test: DATA}}
test_split: test
fewshot_split: test
doc_to_text: "{{question}}"
"""
CHOICE = """
output_type: multiple_choice
doc_to_choice: "{{choices}}"
doc_to_target: label
metric_list: [{metric: acc, aggregation: mean, higher_is_better: true},
              {metric: acc_norm, aggregation: mean, higher_is_better: true}]
"""
TEXT = """
output_type: generate_until
doc_to_target: "{{choices[label]}}"
generation_kwargs: {until: ["e"], max_gen_toks: 8}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""
WHOLE = """
output_type: loglikelihood_rolling
doc_to_target: "{{question}}"
metric_list: [{metric: byte_perplexity, aggregation: weighted_perplexity, higher_is_better: false}]
"""
GROUP = """
group: animals
task: [owls, otters]
aggregate_metric_list: [{metric: acc, aggregation: mean, weight_by_size: true}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tasks of each kind in a folder of their own, and a cache for their data."""
    pytest.importorskip("lm_eval", reason="lm-evaluation-harness is not installed")
    datasets = pytest.importorskip("datasets", reason="the package datasets is not installed")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    rng = random.Random(0)
    lines = [
        {
            "question": phrase(rng, 2, 12),
            "choices": [phrase(rng, 1, 5) for _ in range(3)],
            "label": rng.randrange(3),
        }
        for _ in range(24)
    ]
    tasks = tmp_path / "tasks"
    tasks.mkdir()
    data = tasks / "data.jsonl"
    data.write_text("".join(json.dumps(line) + "\n" for line in lines))
    common = COMMON.replace("DATA", str(data))
    for name, text in {"owls": CHOICE, "otters": CHOICE, "foxes": TEXT, "herons": WHOLE}.items():
        (tasks / f"{name}.yaml").write_text(f"task: {name}{common}{text}")
    (tasks / "animals.yaml").write_text(GROUP)
    (tasks / "lost.yaml").write_text(f"task: lost{common.replace('data.jsonl', 'absent.jsonl')}{CHOICE}")
    return tasks


def harness_task(folder: Path, name: str, few_shot: int | None = None) -> EvaluationTask:
    harness = HarnessTask(name, str(folder), few_shot)
    return EvaluationTask(f"lm_eval:{name}", "harness", None, harness, None, None, "none")


def alone(
    model: Path, folder: Path, name: str, few_shot: int | None = None, limit: int | None = None
) -> dict[str, Any]:
    """The harness with a model class of its own, one request at a time."""
    import lm_eval
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import TaskManager

    wrapped = HFLM(pretrained=str(model), device="cpu", dtype="float32", batch_size=1)
    manager = TaskManager(include_path=str(folder), include_defaults=False)
    found: dict[str, Any] = lm_eval.simple_evaluate(
        model=wrapped,
        tasks=[name],
        task_manager=manager,
        num_fewshot=few_shot,
        limit=limit,
        bootstrap_iters=0,
    )
    return found


def result_of(params: EvaluateParams) -> TaskResult:
    return run_evaluation(params).result.tasks[0]


def failure(params: EvaluateParams) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        run_evaluation(params)
    return caught.value


@pytest.mark.parametrize("few_shot", [None, 2])
def test_multiple_choice_is_as_the_harness_finds_it(
    model_folder: Path, folder: Path, few_shot: int | None
) -> None:
    result = result_of(evaluation_params(model_folder, [harness_task(folder, "owls", few_shot)]))
    expected = alone(model_folder, folder, "owls", few_shot)
    samples = expected["samples"]["owls"]
    assert result.scores == [sample["acc"] for sample in samples]
    assert 0 < sum(result.scores) < len(samples)
    assert result.metrics == {
        "acc": expected["results"]["owls"]["acc,none"],
        "acc_norm": expected["results"]["owls"]["acc_norm,none"],
    }
    assert result.mean == pytest.approx(result.metrics["acc"], abs=1e-12)
    assert result.ids == [str(number) for number in range(24)]
    likelihoods = [[answer[0] for answer in sample["filtered_resps"]] for sample in samples]
    assert result.predictions == [str(row.index(max(row))) for row in likelihoods]
    assert result.n == 24


def test_generation_is_as_the_harness_finds_it(llama_folder: Path, folder: Path) -> None:
    result = result_of(evaluation_params(llama_folder, [harness_task(folder, "foxes")]))
    expected = alone(llama_folder, folder, "foxes")
    assert result.predictions == [sample["filtered_resps"][0] for sample in expected["samples"]["foxes"]]
    assert len(set(result.predictions)) > 5
    assert result.metrics == {"exact_match": expected["results"]["foxes"]["exact_match,none"]}
    assert len(result.scores) == 24


def test_a_metric_of_the_whole_task_gives_no_scores(llama_folder: Path, folder: Path) -> None:
    result = result_of(evaluation_params(llama_folder, [harness_task(folder, "herons")]))
    expected = alone(llama_folder, folder, "herons")["results"]["herons"]["byte_perplexity,none"]
    assert result.metrics == {"byte_perplexity": pytest.approx(expected, rel=1e-5)}
    assert (result.n, result.scores, result.mean, result.standard_error) == (24, [], None, None)


def test_a_group_is_one_task(llama_folder: Path, folder: Path) -> None:
    result = result_of(evaluation_params(llama_folder, [harness_task(folder, "animals")], limit=5))
    expected = alone(llama_folder, folder, "animals", limit=5)
    assert result.metrics["acc"] == expected["results"]["animals"]["acc,none"]
    assert sorted(result.ids) == sorted(f"{task}:{n}" for task in ("owls", "otters") for n in range(5))
    assert result.mean == pytest.approx(result.metrics["acc"], abs=1e-12)


def test_a_seeded_sample_is_part_of_the_whole(llama_folder: Path, folder: Path) -> None:
    params = evaluation_params(llama_folder, [harness_task(folder, "owls")])
    whole = result_of(params)
    part = result_of(replace(params, limit=6, sample_seed=1))
    places = [int(key) for key in part.ids]
    assert places == sorted(places) != list(range(6))
    assert part.scores == [whole.scores[place] for place in places]


def test_progress_counts_examples_and_ends_with_the_mean(llama_folder: Path, folder: Path) -> None:
    run = run_evaluation(evaluation_params(llama_folder, [harness_task(folder, "owls")], batch_size=5))
    done = [metric.done for metric in run.metrics]
    assert done == sorted(done)
    assert {metric.total for metric in run.metrics} == {24}
    assert len(done) == 16
    assert {metric.mean for metric in run.metrics[:-1]} == {None}
    assert run.metrics[-1].done == 24
    assert run.metrics[-1].mean == run.result.tasks[0].mean


def test_batches_are_halved_when_memory_runs_out(
    llama_folder: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lm_eval.models.huggingface import HFLM

    params = evaluation_params(llama_folder, [harness_task(folder, "owls")], batch_size=16)
    expected = result_of(params)
    plain: Callable[..., torch.Tensor] = HFLM._model_call

    def small(self: Any, inputs: torch.Tensor, *rest: Any, **named: Any) -> torch.Tensor:
        if inputs.shape[0] > 4:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(self, inputs, *rest, **named)

    monkeypatch.setattr(HFLM, "_model_call", small)
    run = run_evaluation(params)
    assert run.result.tasks[0].scores == expected.scores
    assert "memory ran out on a batch of 16" in run.logs[0].message


@pytest.mark.parametrize("calls", [2, 3, 5])
def test_it_ends_soon_after_it_is_cancelled(llama_folder: Path, folder: Path, calls: int) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked >= calls

    params = evaluation_params(llama_folder, [harness_task(folder, "owls")], batch_size=5)
    with pytest.raises(WorkerError) as caught:
        evaluate(params, lambda event: None, cancelled)
    assert (caught.value.code, asked) == ("cancelled", calls)


def test_an_unknown_task_is_named_with_those_like_it(folder: Path) -> None:
    error = failure(evaluation_params(Path("/nowhere"), [harness_task(folder, "otter")]))
    assert error.code == "data-invalid"
    assert "otter" in error.message
    assert "otters" in str(error.hint)


def test_a_group_may_name_a_task_of_the_harness(folder: Path) -> None:
    """Which is then loaded, or fails to be, as here without network."""
    (folder / "mixed.yaml").write_text("group: mixed\ntask: [owls, arc_easy]\n")
    error = failure(evaluation_params(Path("/nowhere"), [harness_task(folder, "mixed")]))
    assert error.code == "read-failed"
    assert "allenai/ai2_arc" in error.message


def test_data_that_cannot_be_loaded_is_a_fault_before_the_model(folder: Path) -> None:
    error = failure(evaluation_params(Path("/nowhere"), [harness_task(folder, "lost")]))
    assert error.code == "read-failed"
    assert "cannot load lost" in error.message
    assert "network" in str(error.hint)


def test_a_missing_folder_is_named(folder: Path) -> None:
    error = failure(evaluation_params(Path("/nowhere"), [harness_task(folder / "absent", "owls")]))
    assert error.code == "read-failed"
    assert str(folder / "absent") in error.message


def test_nothing_is_printed(llama_folder: Path, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_evaluation(evaluation_params(llama_folder, [harness_task(folder, "owls")], limit=2))
    assert capfd.readouterr() == ("", "")


def test_an_old_harness_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amalgam_worker.evaluation.packages.version", lambda package: "0.4.3")
    error = failure(evaluation_params(Path("/nowhere"), [harness_task(folder, "owls")]))
    assert error.code == "package-missing"
    assert "lm_eval>=0.4.13" in str(error.hint)


def test_the_package_is_needed_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    task = EvaluationTask("arc", "harness", None, HarnessTask("arc_easy", None, None), None, None, "none")
    error = failure(evaluation_params(Path("/nowhere"), [task]))
    assert error.code == "package-missing"
    assert error.hint == f"{sys.executable} -m pip install 'lm_eval'"


def test_a_task_must_name_one_of_the_harness() -> None:
    task = EvaluationTask("arc", "harness", None, None, None, None, "none")
    assert failure(evaluation_params(Path("/nowhere"), [task])).code == "data-invalid"
