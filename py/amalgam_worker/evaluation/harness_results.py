"""What lm-evaluation-harness found, as a result of a task."""

from collections.abc import Mapping, Sequence
from math import fsum, isfinite
from typing import Any

from ..protocol import TaskResult
from .harness_tasks import HarnessTasks, harness_of
from .statistics import running_mean

# What its results hold beside metrics.
FACTS = ("alias", "name", "sample_len")


def metric_values(found: Mapping[str, Any]) -> dict[str, float]:
    """Its metrics by its names, which have a filter's name after a comma unless that is `none`."""
    values = {}
    for key, value in found.items():
        name, _, filtered = key.partition(",")
        if key in FACTS or name.endswith("_stderr"):
            continue
        if isinstance(value, (int, float)) and isfinite(value):
            values[name if filtered in ("", "none") else key] = float(value)
    return values


def is_score(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) and 0 <= value <= 1


def main_metric(samples: Sequence[Mapping[str, Any]], higher_is_better: Mapping[str, Any]) -> str | None:
    """The first metric that scores each example, the higher the better."""
    for name in samples[0]["metrics"]:
        if higher_is_better.get(name) and all(is_score(sample.get(name)) for sample in samples):
            return str(name)
    return None


def prediction(sample: Mapping[str, Any]) -> str:
    """The number of the likeliest choice, or what was generated."""
    answers = sample["filtered_resps"]
    first = answers[0]
    if isinstance(first, str):
        return first
    if len(answers) > 1 and isinstance(first, (tuple, list)):
        return str(max(range(len(answers)), key=lambda place: answers[place][0]))
    return str(first)


def harness_result(ready: HarnessTasks, found: Mapping[str, Any], seconds: float) -> TaskResult:
    """Of one task, or of all the tasks of a group, one after the other.

    Scores are those of the first filter by the first metric that gives every example one; there are none
    where a metric belongs to the whole task, such as a perplexity.
    """
    name = harness_of(ready.task).task
    several = len(found["samples"]) > 1
    scores: list[float] = []
    ids, predictions, complete = [], [], True
    for task, logged in found["samples"].items():
        samples = [sample for sample in logged if sample["filter"] == logged[0]["filter"]]
        samples.sort(key=lambda sample: int(sample["doc_id"]))
        ids += [f"{task}:{sample['doc_id']}" if several else str(sample["doc_id"]) for sample in samples]
        predictions += [prediction(sample) for sample in samples]
        metric = main_metric(samples, found["higher_is_better"].get(task, {}))
        complete = complete and metric is not None
        if metric is not None:
            scores += [float(sample[metric]) for sample in samples]
    if not complete:
        scores = []
    return TaskResult(
        task=ready.task.name,
        n=len(ids),
        reused=0,
        mean=fsum(scores) / len(scores) if scores else None,
        standard_error=running_mean(scores).standard_error(),
        metrics=metric_values(found["results"].get(name, {})),
        scores=scores,
        ids=ids,
        predictions=predictions,
        seconds=seconds,
    )
