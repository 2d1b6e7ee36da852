"""Runs one task on a model, batch by batch, telling the running mean."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import fsum

from ..protocol import MetricNotification, TaskResult
from .batching import make_batches, run_batches
from .examples import GenerationExample, MultipleChoiceExample
from .generation import prepare_generation
from .job import Job
from .kept_scores import KeptScores, example_key
from .model import LoadedModel
from .multiple_choice import prepare_multiple_choice
from .read_task import ReadTask
from .scoring import Outcome, Prepared
from .statistics import RunningMean, running_mean

Scored = list[tuple[int, Outcome]]


def prepared_parts(
    read: ReadTask, indices: Sequence[int], loaded: LoadedModel, job: Job, warn: Callable[[str], None]
) -> Iterator[tuple[list[int], Prepared]]:
    """The examples to score by their kind, each kind with their indices in the task."""
    examples = [(index, read.examples[index]) for index in indices]
    choices = [(index, one) for index, one in examples if isinstance(one, MultipleChoiceExample)]
    texts = [(index, one) for index, one in examples if isinstance(one, GenerationExample)]
    if choices:
        ready = prepare_multiple_choice(loaded, read.task, [one for _, one in choices], warn)
        yield [index for index, _ in choices], ready
    if texts:
        prepared = prepare_generation(loaded, read.task, [one for _, one in texts], job.check_cancelled)
        yield [index for index, _ in texts], prepared


def scored_batches(read: ReadTask, indices: Sequence[int], loaded: LoadedModel, job: Job) -> Iterator[Scored]:
    """The examples' outcomes, batch by batch."""

    def warn(text: str) -> None:
        job.warn(f"{read.task.name}: {text}")

    parts = list(prepared_parts(read, indices, loaded, job, warn))
    shortened = sum(prepared.shortened for _, prepared in parts)
    if shortened:
        warn(f"{shortened} of {len(indices)} inputs are too long and lost their beginning")
    for members, prepared in parts:
        batches = make_batches(prepared.costs, job.params.batch_size, prepared.budget)
        for batch, results in run_batches(batches, prepared.score, warn):
            yield [(members[place], outcome) for place, outcome in zip(batch, results, strict=True)]


def metric_means(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Of each metric over the examples that have it, in their order, so that batches do not matter."""
    values: dict[str, list[float]] = {}
    for outcome in outcomes:
        for name, value in outcome.metrics.items():
            values.setdefault(name, []).append(value)
    return {name: fsum(found) / len(found) for name, found in values.items()}


def task_result(read: ReadTask, outcomes: Sequence[Outcome], reused: int, seconds: float) -> TaskResult:
    scores = [outcome.score for outcome in outcomes if outcome.score is not None]
    return TaskResult(
        task=read.task.name,
        n=len(outcomes),
        reused=reused,
        mean=fsum(scores) / len(scores) if scores else None,
        standard_error=running_mean(scores).standard_error(),
        metrics=metric_means(outcomes),
        scores=scores,
        ids=[example.id for example in read.examples],
        predictions=[outcome.prediction for outcome in outcomes],
        seconds=seconds,
    )


def run_task(
    read: ReadTask, model: Callable[[], LoadedModel], job: Job, kept: KeptScores | None
) -> TaskResult:
    """Outcomes of every example, kept ones first; the model is asked for only if some are left.

    A metric notification follows the kept outcomes and each batch, the last of them with all examples. The
    model's loading is not part of the task's seconds.
    """
    total = len(read.examples)
    keys = [] if kept is None else [example_key(example) for example in read.examples]
    known = {} if kept is None else kept.read()
    outcomes = {index: known[key] for index, key in enumerate(keys) if key in known}
    reused = len(outcomes)
    running = RunningMean()

    def tell(new: Iterable[Outcome]) -> None:
        for outcome in new:
            if outcome.score is not None:
                running.add(outcome.score)
        mean = running.mean if running.count else None
        error = running.standard_error()
        job.emit(MetricNotification(job.params.job, read.task.name, len(outcomes), total, mean, error))
        job.check_cancelled()

    job.check_cancelled()
    if reused:
        tell(outcomes.values())
    missing = [index for index in range(total) if index not in outcomes]
    loaded = model() if missing else None
    started = time.monotonic()
    if loaded is not None:
        for scored in scored_batches(read, missing, loaded, job):
            outcomes.update(scored)
            if kept is not None:
                kept.append((keys[index], outcome) for index, outcome in scored)
            tell(outcome for _, outcome in scored)
    ordered = [outcomes[index] for index in range(total)]
    return task_result(read, ordered, reused, time.monotonic() - started)
