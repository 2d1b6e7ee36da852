"""Consistency of what a step reads: ranges, shapes and updates."""

from __future__ import annotations

from math import prod

from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import LoraUpdate, Plan, Step, StepInput, TensorRange
from amalgam_worker.tensors.dtypes import is_floating, item_size


def check_input(plan: Plan, step: Step, source: StepInput) -> None:
    """Raises WorkerError `plan-invalid` naming the first fault of a base or an input."""
    name = f"{source.tensor} of model {source.model}"
    require(bool(source.parts), f"{name} has no parts")
    for part in source.parts:
        _check_range(plan, name, part)
        require(part.dtype == source.parts[0].dtype, f"parts of {name} have several types")
    require(all(size >= 0 for size in source.shape), f"{name} has a negative size")
    stored = sum(prod(part.shape) for part in source.parts)
    require(stored == prod(source.shape), f"parts of {name} do not make {source.shape}")
    within = len(source.shape) == len(step.shape) and all(
        size <= room for size, room in zip(source.shape, step.shape, strict=True)
    )
    require(within, f"{name} of shape {source.shape} does not fit {step.tensor} of shape {step.shape}")
    if source.lora is not None:
        _check_update(plan, name, source.shape, source.lora)


def _check_update(plan: Plan, name: str, shape: list[int], update: LoraUpdate) -> None:
    a, b = update.a, update.b
    for factor in (a, b):
        _check_range(plan, f"LoRA factor of {name}", factor)
        require(len(factor.shape) >= 2 and is_floating(factor.dtype), f"LoRA factor of {name}")
    fits = (
        b.shape[1] == a.shape[0] and b.shape[0] * prod(a.shape[1:]) == prod(shape) and prod(b.shape[2:]) == 1
    )
    require(fits, f"LoRA shapes {b.shape} and {a.shape} do not fit {name} of shape {shape}")


def _check_range(plan: Plan, name: str, source: TensorRange) -> None:
    require(0 <= source.file < len(plan.files), f"file of {name}")
    require(all(size >= 0 for size in source.shape), f"{name} has a negative size")
    require(source.bytes == prod(source.shape) * item_size(source.dtype), f"size of {name} in its file")
    require(
        0 <= source.offset <= plan.files[source.file].bytes - source.bytes, f"place of {name} in its file"
    )


def require(condition: bool, problem: str) -> None:
    """Raises WorkerError `plan-invalid` with the problem where the condition is false."""
    if not condition:
        raise WorkerError("plan-invalid", f"the plan is inconsistent: {problem}")
