"""Executes a plan: threads stream pieces of tensors from the input files into a sink, in flat memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from amalgam_worker import fusion
from amalgam_worker.adapters.store_factors import store_factors
from amalgam_worker.devices import resolve_device, usable_cpus
from amalgam_worker.errors import WorkerError, cancelled
from amalgam_worker.gpu.chunk_limit import ChunkLimit, Warn
from amalgam_worker.gpu.lane import GpuLane, work_ahead
from amalgam_worker.gpu.streams import CudaStreams, Streams
from amalgam_worker.lane import Lane
from amalgam_worker.methods.method import BLOCK
from amalgam_worker.methods.model_cuts import STAGES, Stage
from amalgam_worker.native.start import prepare
from amalgam_worker.part import check_part, outputs, whole
from amalgam_worker.plan_file import load_plan
from amalgam_worker.protocol import AdapterStep, MergeParams, MergePart, Plan
from amalgam_worker.schedule import Schedule
from amalgam_worker.survey import Survey
from amalgam_worker.task import Task, open_tasks
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.sink import Sink
from amalgam_worker.tensors.workspace import Workspace
from amalgam_worker.tensors.writer import ShardFiles

# What a kernel needs of a chunk stays in the processor's cache; with smaller ones the calls cost more.
DEFAULT_CHUNK = 8 * BLOCK
_COPY_BYTES = 4 * 1024 * 1024
# Where one thread waits for what the GPU has counted, the other goes on reading and writing.
_CUDA_THREADS = 2
# Copies of a megabyte and more use the bus well.
_CUDA_CHUNK = 16 * BLOCK

# bytes_done, tensors_done, a tensor that is being worked on
Report = Callable[[int, int, str], None]
Lanes = list[Lane] | list[GpuLane]


@dataclass(frozen=True, slots=True)
class Settings:
    """How, not what: none of these changes a bit of the output on one kind of device."""

    device: torch.device
    threads: int
    chunk_elements: int = DEFAULT_CHUNK
    # Of the device, where it has such; each lane works ahead then.
    streams: Streams | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """What a merge did; bytes and seconds."""

    device: str
    tensors: int
    bytes_read: int
    bytes_written: int
    seconds: float


def run_merge(
    params: MergeParams, report: Report, stop: Callable[[], bool], warn: Warn = lambda message: None
) -> Totals:
    """Executes the plan at `params.plan_path`, or a part of it, into shard files in `params.directory`.

    Raises:
        WorkerError: the codes of `load_plan`, `resolve_device` and `execute`.
    """
    started = time.monotonic()
    settings = settings_on(resolve_device(params.device), params.threads, params.chunk_elements)
    plan = load_plan(params.plan_path)
    part = params.part or whole(plan)
    check_part(plan, part)
    made = list(outputs(plan, part))
    is_shared = params.part is not None
    sink = ShardFiles(params.directory, plan.shards, {output.shard for output in made} if is_shared else None)
    try:
        bytes_read = execute(plan, sink, settings, report, stop, part, warn)
        sink.close()
    finally:
        sink.abandon()
    return Totals(
        device=str(settings.device),
        tensors=len(part.steps) + len(part.adapter_steps),
        bytes_read=bytes_read,
        bytes_written=sum(each.bytes for each in (made if is_shared else plan.shards)),
        seconds=time.monotonic() - started,
    )


def execute(
    plan: Plan,
    sink: Sink,
    settings: Settings,
    report: Report,
    stop: Callable[[], bool],
    part: MergePart | None = None,
    warn: Warn = lambda message: None,
) -> int:
    """Runs the steps of a checked plan, or those of a part; returns the number of bytes read.

    What must be known of whole models is measured in all steps, whichever are to be done.

    Raises:
        WorkerError: cancelled; non-finite and inputs-differ, naming the tensor; read-failed, no-space,
            write-failed.
    """
    chosen = whole(plan) if part is None else part
    if settings.device.type == "cpu":
        prepare(_computed_bytes(plan, chosen))
    else:
        fusion.enable(settings.device)
    progress, survey = _Progress(report), Survey(plan)
    files = InputFiles(plan.files)
    tasks = partial(open_tasks, plan, files, settings.device, settings.chunk_elements, _COPY_BYTES)
    lanes = _lanes(files, sink, settings, warn)
    intra_op_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        bytes_read = store_factors(
            plan, chosen.adapter_steps, files, sink, settings.threads, progress.add_factors, stop
        )
        for stage in () if survey.steps.isdisjoint(chosen.steps) else STAGES:
            measured = partial(_survey, survey, stage, report)
            _run(Schedule(tasks(survey.steps, survey.known, stage.reduction), stop, measured), lanes)
        _run(Schedule(tasks(chosen.steps, survey.known), stop, progress.add), lanes)
    finally:
        torch.set_num_threads(intra_op_threads)
        files.close()
        if settings.streams is not None:
            # After a failure, too: what travels still uses the lanes' memory.
            settings.streams.release()
    return bytes_read + sum(lane.bytes_read for lane in lanes)


def _computed_bytes(plan: Plan, part: MergePart) -> int:
    """Bytes of the inputs that are calculated with."""
    steps = [plan.steps[number] for number in part.steps]
    return sum(
        each.bytes
        for step in steps
        if step.operation is not None
        for source in step.inputs
        for each in source.parts
    )


def _lanes(files: InputFiles, sink: Sink, settings: Settings, warn: Warn) -> Lanes:
    device, streams = settings.device, settings.streams
    if streams is None:
        return [Lane(Workspace(files, device), sink) for _ in range(settings.threads)]
    limit = ChunkLimit(str(device), warn)
    return [GpuLane(files, sink, streams, limit) for _ in range(settings.threads)]


def _run(schedule: Schedule, lanes: Lanes) -> None:
    threads = [threading.Thread(target=_work, args=(schedule, lane), name="merge") for lane in lanes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if schedule.error is not None:
        raise schedule.error
    if not schedule.complete:
        raise cancelled()


def _work(schedule: Schedule, lane: Lane | GpuLane) -> None:
    torch.set_num_threads(1)
    if isinstance(lane, GpuLane):
        work_ahead(schedule, lane)
        return
    with torch.inference_mode():
        try:
            while (piece := schedule.take()) is not None:
                schedule.finish(piece, lane.run(piece))
        except BaseException as error:
            schedule.fail(error)


def _survey(survey: Survey, stage: Stage, report: Report, task: Task, size: int, ended: bool) -> None:
    if ended:
        survey.add(task.number, task.statistics["counts"], stage)
        report(0, 0, task.step.tensor)


def settings_on(device: torch.device, threads: int | None, chunk_elements: int | None = None) -> Settings:
    """How to merge on a device; None: as is usual there. Raises WorkerError: plan-invalid."""
    is_cpu = device.type == "cpu"
    count = (usable_cpus() if is_cpu else _CUDA_THREADS) if threads is None else threads
    chunk = (DEFAULT_CHUNK if is_cpu else _CUDA_CHUNK) if chunk_elements is None else chunk_elements
    if count < 1:
        raise WorkerError("plan-invalid", f"{count} threads cannot merge", "ask for at least one")
    if chunk < BLOCK or chunk % BLOCK:
        raise WorkerError("plan-invalid", f"a chunk of {chunk} elements", f"use a multiple of {BLOCK}")
    return Settings(device, count, chunk, None if is_cpu else CudaStreams(device))


class _Progress:
    """Sums up what has been written; called by one thread at a time."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._bytes = 0
        self._tensors = 0

    def add(self, task: Task, size: int, ended: bool) -> None:
        output = task.step.output
        scale = 1 if task.computation is None else output.bytes // task.size if task.size else 0
        self._bytes += size * scale
        self._tensors += ended
        self._report(self._bytes, self._tensors, task.step.tensor)

    def add_factors(self, step: AdapterStep, size: int) -> None:
        self._bytes += size
        self._tensors += 1
        self._report(self._bytes, self._tensors, step.tensor)
