"""Reads every task of an evaluation, and makes sure of the packages that they need."""

from collections.abc import Callable, Sequence

from ..errors import WorkerError
from ..errors import cancelled as cancelled_error
from ..protocol import EvaluationTask, ReadTasksParams
from .harness_tasks import HarnessTasks, load_harness_task
from .packages import require_transformers
from .read_task import ReadTask, read_task
from .rouge import rouge_scorer


def read_tasks(
    tasks: Sequence[EvaluationTask],
    limit: int | None,
    sample_seed: int | None,
    cancelled: Callable[[], bool],
) -> list[ReadTask | HarnessTasks]:
    """The tasks with their examples, in order; no model is needed.

    Errors: WorkerError `data-invalid`, `read-failed`, `package-missing`, `cancelled`.
    """
    if limit is not None and limit < 1:
        raise WorkerError("data-invalid", f"the limit of an evaluation must be 1 or more, not {limit}")
    read: list[ReadTask | HarnessTasks] = []
    for task in tasks:
        if task.kind == "harness":
            read.append(load_harness_task(task, limit, sample_seed))
        else:
            read.append(read_task(task, limit, sample_seed))
        if cancelled():
            raise cancelled_error()
    require_transformers()
    if any(isinstance(one, ReadTask) and one.generates and one.has_targets for one in read):
        rouge_scorer()
    return read


def count_examples(params: ReadTasksParams, cancelled: Callable[[], bool]) -> list[int]:
    """Numbers of examples of the tasks. Errors: those of `read_tasks`."""
    read = read_tasks(params.tasks, params.limit, params.sample_seed, cancelled)
    return [
        sum(map(len, one.samples.values())) if isinstance(one, HarnessTasks) else len(one.examples)
        for one in read
    ]
