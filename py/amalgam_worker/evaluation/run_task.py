"""Runs one task on a loaded model, batch by batch, telling the running mean."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path

from ..errors import WorkerError
from ..protocol import EvaluateParams, EvaluationTask, LogNotification, MetricNotification, TaskResult
from .batching import make_batches, run_batches
from .examples import (
    GenerationExample,
    MultipleChoiceExample,
    generation_example,
    multiple_choice_example,
    read_examples,
)
from .generation import new_token_limit, prepare_generation
from .model import LoadedModel
from .multiple_choice import prepare_multiple_choice
from .scoring import Outcome, Prepared
from .statistics import RunningMean, running_mean


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for, where events go, and what raises WorkerError `cancelled` once it should end."""

    params: EvaluateParams
    emit: Callable[[MetricNotification | LogNotification], None]
    check_cancelled: Callable[[], None]

    def warn(self, message: str) -> None:
        self.emit(LogNotification("warning", message))


@dataclass(frozen=True, slots=True)
class ReadTask:
    """A task with its examples; those that its kind does not have are empty."""

    task: EvaluationTask
    multiple_choice: Sequence[MultipleChoiceExample]
    generation: Sequence[GenerationExample]


def read_task(task: EvaluationTask, limit: int | None) -> ReadTask:
    """The first `limit` examples; the whole file is checked."""
    if task.data is None or task.data.format != "csv":
        raise WorkerError("data-invalid", f"task {task.name} has no CSV file")
    path = Path(task.data.source)
    if task.kind == "multiple_choice":
        return ReadTask(task, read_examples(path, multiple_choice_example)[:limit], [])
    new_token_limit(task)
    return ReadTask(task, [], read_examples(path, generation_example)[:limit])


def prepare(read: ReadTask, loaded: LoadedModel, job: Job) -> Prepared:
    if read.task.kind == "multiple_choice":
        return prepare_multiple_choice(loaded, read.task, read.multiple_choice)
    return prepare_generation(loaded, read.task, read.generation, job.check_cancelled)


def task_result(read: ReadTask, outcomes: Sequence[Outcome], seconds: float) -> TaskResult:
    """Means in file order, so that they do not depend on the batches."""
    count = len(outcomes)
    scores = [outcome.score for outcome in outcomes]
    kinds = outcomes[0].metrics
    metrics = {kind: fsum(outcome.metrics[kind] for outcome in outcomes) / count for kind in kinds}
    error = running_mean(scores).standard_error()
    return TaskResult(
        task=read.task.name,
        n=count,
        reused=0,
        mean=fsum(scores) / count,
        standard_error=error,
        metrics=metrics,
        scores=scores,
        ids=[*(e.id for e in read.multiple_choice), *(e.id for e in read.generation)],
        predictions=[outcome.prediction for outcome in outcomes],
        seconds=seconds,
    )


def run_task(read: ReadTask, loaded: LoadedModel, job: Job) -> TaskResult:
    """Scores of every example; a metric notification after each batch, the last of them with all examples."""
    started = time.monotonic()
    name = read.task.name
    prepared = prepare(read, loaded, job)
    total = len(prepared.costs)
    if prepared.shortened:
        job.warn(f"{name}: {prepared.shortened} of {total} inputs are too long and lost their beginning")
    batches = make_batches(prepared.costs, job.params.batch_size, prepared.budget)
    outcomes: dict[int, Outcome] = {}
    running = RunningMean()
    job.check_cancelled()
    for batch, results in run_batches(batches, prepared.score, lambda text: job.warn(f"{name}: {text}")):
        for index, outcome in zip(batch, results, strict=True):
            outcomes[index] = outcome
            running.add(outcome.score)
        error = running.standard_error()
        job.emit(MetricNotification(job.params.job, name, running.count, total, running.mean, error))
        job.check_cancelled()
    return task_result(read, [outcomes[index] for index in range(total)], time.monotonic() - started)
