"""Evaluates one model on its tasks."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import torch

from ..devices import resolve_device
from ..engine import Report
from ..errors import WorkerError
from ..errors import cancelled as cancelled_error
from ..protocol import (
    EvaluateParams,
    EvaluateResult,
    EvaluationTask,
    LogNotification,
    MetricNotification,
    TaskResult,
)
from .harness_tasks import HarnessTasks
from .job import Job
from .kept_scores import KeptScores, file_name, scores_key
from .merged_model import Tensors, merged_tensors
from .model import LoadedModel, load_model
from .read_task import ReadTask
from .read_tasks import read_tasks
from .run_harness import run_harness_task
from .run_task import run_task
from .threads import fit_threads, torch_threads


def check_numbers(params: EvaluateParams) -> None:
    numbers = {"batch size": params.batch_size, "threads": params.threads}
    for name, value in numbers.items():
        if value is not None and value < 1:
            raise WorkerError("data-invalid", f"the {name} of an evaluation must be 1 or more, not {value}")


def kept_scores(job: Job, task: EvaluationTask, device: torch.device) -> KeptScores | None:
    """Where the task's scores are kept; None without a folder, or without a key that stands for the model."""
    params = job.params
    if params.kept_scores is None or not params.model_key:
        return None
    key = scores_key(params, task, device)
    return KeptScores(Path(params.kept_scores) / file_name(task.name, key), job.warn)


def evaluate(
    params: EvaluateParams,
    emit: Callable[[MetricNotification | LogNotification], None],
    cancelled: Callable[[], bool],
    report: Report = lambda bytes_done, tensors_done, tensor: None,
) -> EvaluateResult:
    """Scores of every task, in order; running means are emitted after each batch.

    Every data file, then every package, is checked before the model is loaded, which happens only where
    scores are missing. With a plan the weights are merged then, and `report` is told how far. The result does
    not depend on the batch size beyond float rounding. Errors: WorkerError `cancelled` (asked between batches
    and between generated tokens), `data-invalid`, `read-failed`, `package-missing`, `no-device`,
    `model-unloadable`, `non-finite`, `out-of-memory`, and those of the plan.
    """

    def check_cancelled() -> None:
        if cancelled():
            raise cancelled_error()

    check_numbers(params)
    job = Job(params, emit, check_cancelled)
    tasks = read_tasks(params.tasks, params.limit, params.sample_seed, cancelled)
    for read in tasks:
        if isinstance(read, ReadTask) and not read.has_targets:
            emit(LogNotification("info", f"{read.task.name}: no targets, so predictions without scores"))
    device = resolve_device(params.device)

    merged: Callable[[], Tensors] | None = None
    if params.plan_path is not None:
        merged = partial(merged_tensors, params.plan_path, device, params.threads, report, cancelled)

    @cache
    def model() -> LoadedModel:
        adapter = Path(params.adapter_path) if params.adapter_path is not None else None
        loaded = load_model(Path(params.model_path), adapter, device, merged)
        fit_threads(loaded.parameters, params.threads)
        return loaded

    def result(read: ReadTask | HarnessTasks) -> TaskResult:
        if isinstance(read, HarnessTasks):
            return run_harness_task(read, model(), job)
        return run_task(read, model, job, kept_scores(job, read.task, device))

    with torch_threads(params.threads):
        return EvaluateResult(str(device), [result(read) for read in tasks])
