"""Evaluates one model on its tasks."""

from collections.abc import Callable
from pathlib import Path

from ..devices import resolve_device
from ..errors import WorkerError
from ..errors import cancelled as cancelled_error
from ..protocol import EvaluateParams, EvaluateResult, LogNotification, MetricNotification
from .model import load_model
from .packages import require_transformers
from .rouge import rouge_scorer
from .run_task import Job, read_task, run_task
from .threads import torch_threads


def check_numbers(params: EvaluateParams) -> None:
    numbers = {"limit": params.limit, "batch size": params.batch_size, "threads": params.threads}
    for name, value in numbers.items():
        if value is not None and value < 1:
            raise WorkerError("data-invalid", f"the {name} of an evaluation must be 1 or more, not {value}")


def evaluate(
    params: EvaluateParams,
    emit: Callable[[MetricNotification | LogNotification], None],
    cancelled: Callable[[], bool],
) -> EvaluateResult:
    """Scores of every task, in order; running means are emitted after each batch.

    Every data file, then every package, is checked before the model is loaded. The result does not depend on
    the batch size beyond float rounding. Errors: WorkerError `cancelled` (asked between batches and between
    generated tokens), `data-invalid`, `read-failed`, `package-missing`, `no-device`, `model-unloadable`,
    `non-finite`, `out-of-memory`.
    """

    def check_cancelled() -> None:
        if cancelled():
            raise cancelled_error()

    check_numbers(params)
    job = Job(params, emit, check_cancelled)
    tasks = [read_task(task, params.limit) for task in params.tasks]
    require_transformers()
    if any(read.generation for read in tasks):
        rouge_scorer()
    check_cancelled()
    device = resolve_device(params.device)
    with torch_threads(params.threads):
        adapter = Path(params.adapter_path) if params.adapter_path is not None else None
        loaded = load_model(Path(params.model_path), adapter, device)
        results = [run_task(read, loaded, job) for read in tasks]
    return EvaluateResult(str(device), results)
