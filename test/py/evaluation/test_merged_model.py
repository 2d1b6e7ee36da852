"""A plan merged in memory scores as the same plan's files do."""

import json
import shutil
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
from evaluation_models import save_llama, save_t5
from evaluation_run import run_evaluation
from safetensors.torch import load_file

from amalgam_worker.engine import run_merge
from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation import evaluate
from amalgam_worker.handlers import evaluate as evaluate_request
from amalgam_worker.protocol import EvaluateParams, MergeParams
from helpers.plans import PlanMaker, operation, save_plan

HALVES = operation("linear", {"normalize": False}, [{"weight": 0.4}, {"weight": 0.6}])


def mean_plan(folder: Path, models: list[Path], dtype: torch.dtype, drop: str | None = None) -> Path:
    folder.mkdir()
    maker = PlanMaker(folder)
    for model in models:
        maker.add_model(load_file(model / "model.safetensors"))
    steps = [
        (name, 0, None, [maker.source(0, name), maker.source(1, name)])
        for name in maker.places[0]
        if name != drop
    ]
    return save_plan(maker.plan(steps, [HALVES], dtype), folder / "plan.json")


@pytest.fixture(params=["llama", "t5"])
def models(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """Two of one family, which end at tokens that their config does not name; the llamas tie embeddings."""
    save = save_llama if request.param == "llama" else save_t5
    folders = [save(tmp_path / f"{request.param}-{seed}", seed=seed) for seed in (0, 1)]
    for folder in folders:
        path = folder / "generation_config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "eos_token_id": [1, 40, 41, 42]}))
    return folders


@pytest.fixture
def params(models: list[Path], tmp_path: Path) -> EvaluateParams:
    """For a folder of configuration and tokenizer alone."""
    bare = Path(shutil.copytree(models[0], tmp_path / "bare"))
    (bare / "model.safetensors").unlink()
    tasks = [
        evaluation_task(write_csv(tmp_path / "mc.csv", multiple_choice_rows(20)), "multiple_choice"),
        evaluation_task(write_csv(tmp_path / "gen.csv", generation_rows(10)), "generation", new_tokens=20),
    ]
    return evaluation_params(bare, tasks)


def files_under(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_scores_as_the_merged_files_do(
    models: list[Path], params: EvaluateParams, tmp_path: Path, dtype: torch.dtype
) -> None:
    plan = mean_plan(tmp_path / "plan", models, dtype)
    stored = Path(shutil.copytree(params.model_path, tmp_path / "stored"))
    merge = MergeParams(1, str(plan), str(stored), "cpu", 2, None, None)
    run_merge(merge, lambda *_: None, lambda: False)
    expected = run_evaluation(replace(params, model_path=str(stored))).result
    before = files_under(tmp_path)
    actual = run_evaluation(replace(params, plan_path=str(plan))).result
    assert files_under(tmp_path) == before
    assert len({*expected.tasks[0].scores}) == 2
    for mine, other in zip(actual.tasks, expected.tasks, strict=True):
        assert replace(mine, seconds=0) == replace(other, seconds=0)


def test_progress_is_sent_while_merging_and_metrics_after_it(
    models: list[Path], params: EvaluateParams, tmp_path: Path
) -> None:
    plan = mean_plan(tmp_path / "plan", models, torch.float32)
    sent: list[tuple[str, Any]] = []
    evaluate_request(
        replace(params, plan_path=str(plan)), lambda kind, value: sent.append((kind, value)), lambda: False
    )
    kinds = [kind for kind, _ in sent]
    assert kinds[0] == "progress"
    assert "progress" not in kinds[kinds.index("metric") :]
    total = sum(tensor.numel() * 4 for tensor in load_file(models[0] / "model.safetensors").values())
    last = [value for kind, value in sent if kind == "progress"][-1]
    assert (last.job, last.bytes_done) == (7, total)
    assert last.memory > 0


def test_weights_that_do_not_fill_the_model_are_refused(
    models: list[Path], params: EvaluateParams, tmp_path: Path
) -> None:
    name = next(name for name in load_file(models[0] / "model.safetensors") if ".0." in name)
    plan = mean_plan(tmp_path / "plan", models, torch.float32, drop=name)
    with pytest.raises(WorkerError, match=name) as caught:
        run_evaluation(replace(params, plan_path=str(plan)))
    assert caught.value.code == "model-unloadable"


def test_the_folder_is_checked_before_anything_is_merged(
    models: list[Path], params: EvaluateParams, tmp_path: Path
) -> None:
    plan = mean_plan(tmp_path / "plan", models, torch.float32)
    (Path(params.model_path) / "tokenizer.json").unlink()
    told: list[int] = []
    with pytest.raises(WorkerError, match="tokenizer"):
        evaluate(
            replace(params, plan_path=str(plan)),
            lambda event: None,
            lambda: False,
            lambda done, *_: told.append(done),
        )
    assert told == []


def test_merging_can_be_cancelled(models: list[Path], params: EvaluateParams, tmp_path: Path) -> None:
    plan = mean_plan(tmp_path / "plan", models, torch.float32)
    told: list[int] = []
    with pytest.raises(WorkerError, match="cancelled"):
        evaluate(
            replace(params, plan_path=str(plan)),
            lambda event: None,
            lambda: len(told) > 2,
            lambda done, *_: told.append(done),
        )
    assert 2 < len(told) < len(load_file(models[0] / "model.safetensors"))


def test_kept_scores_spare_the_merge(models: list[Path], params: EvaluateParams, tmp_path: Path) -> None:
    plan = mean_plan(tmp_path / "plan", models, torch.float32)
    keeping = replace(
        params, plan_path=str(plan), kept_scores=str(tmp_path / "scores"), model_key="the plan's digest"
    )
    first = run_evaluation(keeping).result
    plan.unlink()
    second = run_evaluation(keeping).result
    assert [task.scores for task in first.tasks] == [task.scores for task in second.tasks]
