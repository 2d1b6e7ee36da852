"""Runs one task of lm-evaluation-harness on a model."""

import time

from ..errors import WorkerError
from ..protocol import MetricNotification, TaskResult
from .harness_requests import HarnessModel
from .harness_results import harness_result
from .harness_tasks import HarnessTasks
from .job import Job
from .memory_errors import is_out_of_memory
from .model import LoadedModel
from .packages import quiet, require_lm_eval


def run_harness_task(ready: HarnessTasks, loaded: LoadedModel, job: Job) -> TaskResult:
    """Its metrics by its own rules and names, and the score of every example.

    A metric notification follows each batch, without a mean: that is known only when all are answered.
    Errors: `cancelled`, `out-of-memory`; `data-invalid` where the harness refuses the task.
    """
    name = ready.task.name

    def tell(done: int, total: int, mean: float | None = None, error: float | None = None) -> None:
        job.emit(MetricNotification(job.params.job, name, done, total, mean, error))
        job.check_cancelled()

    started = time.monotonic()
    job.check_cancelled()
    try:
        with quiet():
            model = HarnessModel(
                loaded, job.params.batch_size, lambda text: job.warn(f"{name}: {text}"), tell
            )
            found = require_lm_eval().evaluator.evaluate(
                model, task_dict=ready.loaded, samples=ready.samples, bootstrap_iters=0
            )
    except (WorkerError, MemoryError):
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise WorkerError("data-invalid", f"lm-evaluation-harness cannot run {name}: {error}") from error
    result = harness_result(ready, found, time.monotonic() - started)
    tell(result.n, result.n, result.mean, result.standard_error)
    return result
