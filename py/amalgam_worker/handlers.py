"""Requests and the functions that answer them. torch is imported only when a request needs it."""

from __future__ import annotations

import gc
import importlib
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from amalgam_worker.coalesce import Coalescer
from amalgam_worker.errors import WorkerError
from amalgam_worker.lean_torch import import_lean, import_shapes
from amalgam_worker.memory import anonymous_bytes
from amalgam_worker.protocol import (
    PROTOCOL,
    EvaluateParams,
    EvaluateResult,
    InitializeParams,
    InitializeResult,
    LogNotification,
    MergeParams,
    MergeResult,
    MetricNotification,
    ProgressNotification,
    ReadTasksParams,
    ReadTasksResult,
)
from amalgam_worker.server import Cancelled, Handler, Notify

# Two threads that import modules of one package at once can wait for each other for ever.
_importing = threading.Lock()


def import_torch() -> None:
    """Imports what a merge needs ahead of time; a failure is reported when a request needs it."""
    try:
        _import_engine()
    except Exception as error:
        print(f"torch cannot be imported: {error}", file=sys.stderr)


def _import_engine() -> None:
    with _importing, _collector_away():
        import_lean()
        # Beside torch nothing is written that its owner does not write; this package is our own.
        sys.dont_write_bytecode = False
        importlib.import_module("amalgam_worker.engine")


@contextmanager
def _collector_away() -> Iterator[None]:
    """Modules live as long as the process: walking their objects again and again is a tenth of an import."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def initialize(params: InitializeParams, notify: Notify, cancelled: Cancelled) -> InitializeResult:
    """Answers with what this worker is; refuses a host that speaks another protocol."""
    if params.protocol != PROTOCOL:
        raise WorkerError(
            "protocol-mismatch",
            f"the host speaks protocol {params.protocol}, this worker {PROTOCOL}",
            "the two come from different versions of amalgam: build it again",
        )
    torch = _torch_version()
    from amalgam_worker.devices import list_devices, usable_cpus
    from amalgam_worker.methods import METHODS, signature

    return InitializeResult(
        protocol=PROTOCOL,
        python=platform.python_version(),
        executable=sys.executable,
        torch=torch,
        devices=list_devices(),
        threads=usable_cpus(),
        methods=[signature(name) for name in METHODS],
    )


def merge(params: MergeParams, notify: Notify, cancelled: Cancelled) -> MergeResult:
    """Executes a plan; sends `progress`."""
    _torch_version()
    from amalgam_worker.engine import run_merge

    peak = _Peak()
    with Coalescer(lambda value: notify("progress", value), peak.sample) as progress:

        def report(bytes_done: int, tensors_done: int, tensor: str) -> None:
            progress.put(
                "progress", ProgressNotification(params.job, bytes_done, tensors_done, tensor, peak.latest)
            )

        def warn(message: str) -> None:
            notify("log", LogNotification("warning", message))

        totals = run_merge(params, report, cancelled, warn)
    return MergeResult(
        device=totals.device,
        tensors=totals.tensors,
        bytes_read=totals.bytes_read,
        bytes_written=totals.bytes_written,
        seconds=totals.seconds,
        peak_memory=peak.highest,
    )


def read_tasks(params: ReadTasksParams, notify: Notify, cancelled: Cancelled) -> ReadTasksResult:
    """Reads the data of tasks, so that what is wrong with it shows before anything is merged."""
    _torch_version()
    # Packages that read tasks may want all of torch, and the evaluation that follows does.
    import_shapes()
    from amalgam_worker.evaluation import count_examples

    return ReadTasksResult(count_examples(params, cancelled))


def evaluate(params: EvaluateParams, notify: Notify, cancelled: Cancelled) -> EvaluateResult:
    """Scores a model on tasks; sends `metric` and `log`, and `progress` while it merges a plan in memory."""
    _torch_version()
    # Models are made without numbers before theirs are read.
    import_shapes()
    from amalgam_worker.evaluation import evaluate as run_evaluation

    def send(value: object) -> None:
        notify("progress" if isinstance(value, ProgressNotification) else "metric", value)

    peak = _Peak()
    with Coalescer(send, peak.sample) as latest:

        def emit(notification: MetricNotification | LogNotification) -> None:
            if isinstance(notification, MetricNotification):
                latest.put(notification.task, notification)
            else:
                notify("log", notification)

        def report(bytes_done: int, tensors_done: int, tensor: str) -> None:
            # None: no task has that name.
            latest.put(None, ProgressNotification(params.job, bytes_done, tensors_done, tensor, peak.latest))

        return run_evaluation(params, emit, cancelled, report)


HANDLERS = {
    "initialize": Handler(InitializeParams, initialize),
    "merge": Handler(MergeParams, merge),
    "readTasks": Handler(ReadTasksParams, read_tasks),
    "evaluate": Handler(EvaluateParams, evaluate),
}


class _Peak:
    """Samples of this process's anonymous memory, in bytes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.highest = self.latest = anonymous_bytes()

    def sample(self) -> None:
        with self._lock:
            self.latest = anonymous_bytes()
            self.highest = max(self.highest, self.latest)


def _torch_version() -> str:
    try:
        _import_engine()
        import torch
    except ImportError as error:
        raise WorkerError(
            "package-missing",
            f"{sys.executable} cannot import torch: {error}",
            "set AMALGAM_PYTHON to an interpreter that has torch, or install torch there",
        ) from error
    return str(torch.__version__)
