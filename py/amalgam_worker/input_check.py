"""Consistency of what a step reads: ranges, shapes, rows and updates."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import merge
from math import prod
from operator import attrgetter
from typing import NoReturn

from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import (
    LoraUpdate,
    Plan,
    RowFill,
    RowMap,
    RowRun,
    Step,
    StepInput,
    StepOutput,
    TensorRange,
)
from amalgam_worker.tensors.dtypes import is_floating, item_size
from amalgam_worker.tensors.zero_padding import inner_shape


def check_input(plan: Plan, step: Step, source: StepInput) -> None:
    """Raises WorkerError `plan-invalid` naming the first fault of a base or an input."""
    if _is_plain(plan, step, source):
        return
    name = f"{source.tensor} of model {source.model}"
    if not source.parts:
        fail(f"{name} has no parts")
    dtype = source.parts[0].dtype
    stored = 0
    for part in source.parts:
        _check_range(plan, name, part)
        if part.dtype != dtype:
            fail(f"parts of {name} have several types")
        stored += prod(part.shape)
    if min(source.shape, default=0) < 0:
        fail(f"{name} has a negative size")
    if stored != prod(source.shape):
        fail(f"parts of {name} do not make {source.shape}")
    shape = source.shape if source.rows is None else _mapped_shape(plan, step, source, source.rows, name)
    if shape != step.shape:
        _check_room(step, name, shape)
    if source.lora is not None:
        check_update(plan, name, source.shape, source.lora)


def _is_plain(plan: Plan, step: Step, source: StepInput) -> bool:
    """Whether a source is one range in its file that has the step's shape, and has no fault: most are so."""
    if source.rows is not None or source.lora is not None or len(source.parts) != 1:
        return False
    (part,) = source.parts
    return (
        source.shape == step.shape == part.shape
        and min(part.shape, default=0) >= 0
        and 0 <= part.file < len(plan.files)
        and part.bytes == prod(part.shape) * item_size(part.dtype)
        and 0 <= part.offset <= plan.files[part.file].bytes - part.bytes
    )


def _check_room(step: Step, name: str, shape: list[int]) -> None:
    room = inner_shape(step.shape, len(shape))
    within = len(shape) == len(room) and all(size <= most for size, most in zip(shape, room, strict=True))
    require(within, f"{name} of shape {shape} does not fit {step.tensor} of shape {step.shape}")


def check_output(plan: Plan, name: str, shape: list[int], output: StepOutput) -> None:
    """Raises WorkerError `plan-invalid` where an output has not the size of its tensor, or no place."""
    if output.bytes != prod(shape) * item_size(output.dtype):
        fail(f"output size of {name}")
    if not 0 <= output.shard < len(plan.shards):
        fail(f"output shard of {name}")
    if not 0 <= output.offset <= plan.shards[output.shard].bytes - output.bytes:
        fail(f"output offset of {name}")


def check_row_map(place: str, row_map: RowMap) -> None:
    """Raises WorkerError `plan-invalid` where not every row has one origin."""
    require(0 <= row_map.padding <= max(0, row_map.rows - 1), f"{place} has no rows to take the mean of")
    end = 0
    runs: Iterable[RowRun | RowFill] = row_map.runs
    for origin in merge(runs, row_map.fills, key=attrgetter("to")):
        if origin.count <= 0 or origin.to != end:
            fail(f"{place} has no origin, or two, or a late one, for row {end}")
        end += origin.count
    require(end == row_map.rows - row_map.padding, f"{place} has origins for {end} rows")


def _mapped_shape(plan: Plan, step: Step, source: StepInput, rows: int, name: str) -> list[int]:
    require(0 <= rows < len(plan.row_maps), f"row map of {name}")
    require(bool(source.shape), f"{name} has no rows")
    row_map = plan.row_maps[rows]
    for run in row_map.runs:
        if not 0 <= run.source <= source.shape[0] - run.count:
            fail(f"{name} has no row {run.source}")
    others = [*step.inputs] if step.base is None else [*step.inputs, step.base]
    shapes = {other.model: other.shape for other in [*reversed(others), source]}
    for fill in row_map.fills:
        for origin in fill.sources:
            held, *_ = shapes.get(origin.model) or [0]
            last = origin.row + fill.count - 1
            if origin.row < 0 or last >= held:
                fail(f"{name} needs row {last} of model {origin.model}: {step.tensor} lacks it")
    return [row_map.rows, *source.shape[1:]]


def check_update(plan: Plan, name: str, shape: list[int], update: LoraUpdate) -> None:
    """Raises WorkerError `plan-invalid` where the factors do not make a weight of that shape."""
    a, b = update.a, update.b
    for factor in (a, b):
        _check_range(plan, f"LoRA factor of {name}", factor)
        matrix = len(factor.shape) >= 2 and min(factor.shape) > 0
        require(matrix and is_floating(factor.dtype), f"LoRA factor of {name}")
    fits = (
        b.shape[1] == a.shape[0] and b.shape[0] * prod(a.shape[1:]) == prod(shape) and prod(b.shape[2:]) == 1
    )
    require(fits, f"LoRA shapes {b.shape} and {a.shape} do not fit {name} of shape {shape}")
    if update.magnitude is not None:
        _check_range(plan, f"DoRA magnitude of {name}", update.magnitude)
        fits = prod(update.magnitude.shape) == b.shape[0] and is_floating(update.magnitude.dtype)
        require(fits, f"DoRA magnitude of {name} is not of {b.shape[0]} numbers")


def _check_range(plan: Plan, name: str, source: TensorRange) -> None:
    if not 0 <= source.file < len(plan.files):
        fail(f"file of {name}")
    if min(source.shape, default=0) < 0:
        fail(f"{name} has a negative size")
    if source.bytes != prod(source.shape) * item_size(source.dtype):
        fail(f"size of {name} in its file")
    if not 0 <= source.offset <= plan.files[source.file].bytes - source.bytes:
        fail(f"place of {name} in its file")


def fail(problem: str) -> NoReturn:
    """Raises WorkerError `plan-invalid`. What is checked often makes its message only here."""
    raise WorkerError("plan-invalid", f"the plan is inconsistent: {problem}")


def require(condition: bool, problem: str) -> None:
    """Raises WorkerError `plan-invalid` with the problem where the condition is false."""
    if not condition:
        fail(problem)
