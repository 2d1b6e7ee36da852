"""Consistency of a plan: everything that the engine relies on without looking again."""

from __future__ import annotations

from math import prod

from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import METHOD_PARAMETERS, Operation, Plan, Step, StepInput, TensorRange
from amalgam_worker.tensors.dtypes import is_floating, item_size


def check_plan(plan: Plan) -> None:
    """Raises WorkerError `plan-invalid` naming the first fault."""
    for number, operation in enumerate(plan.operations):
        _check_operation(f"operations[{number}]", operation)
    for number, shard in enumerate(plan.shards):
        _require(
            "/" not in shard.name and shard.name not in ("", ".", ".."), f"shards[{number}].name is a path"
        )
        _require(
            shard.bytes >= 8 + len(shard.header.encode()), f"shards[{number}] is smaller than its header"
        )
    for step in plan.steps:
        _check_step(plan, step)


def _check_operation(place: str, operation: Operation) -> None:
    shared, per_input = METHOD_PARAMETERS[operation.method]
    _require(operation.shared.keys() == set(shared), f"{place}.shared must have exactly {', '.join(shared)}")
    for values in operation.per_input:
        _require(
            values.keys() == set(per_input), f"{place}.perInput must have exactly {', '.join(per_input)}"
        )


def _check_step(plan: Plan, step: Step) -> None:
    name, output = step.tensor, step.output
    _require(bool(step.inputs), f"{name} has no inputs")
    _require(all(size >= 0 for size in step.shape), f"{name} has a negative size")
    _require(output.bytes == prod(step.shape) * item_size(output.dtype), f"output size of {name}")
    _require(0 <= output.shard < len(plan.shards), f"output shard of {name}")
    _require(0 <= output.offset <= plan.shards[output.shard].bytes - output.bytes, f"output offset of {name}")
    sources = [*step.inputs, step.base] if step.base is not None else step.inputs
    for source in sources:
        _check_source(plan, step, source)
    if step.operation is None:
        for source in step.inputs:
            same = source.parts[0].dtype == output.dtype and source.parts[0].bytes == output.bytes
            _require(same and source.lora is None, f"{name} cannot be copied as it is")
        return
    _require(0 <= step.operation < len(plan.operations), f"operation of {name}")
    count = len(plan.operations[step.operation].per_input)
    _require(count == len(step.inputs), f"{name} has {len(step.inputs)} inputs, its operation {count}")
    floating = is_floating(output.dtype) and all(is_floating(source.parts[0].dtype) for source in sources)
    _require(floating, f"{name} is not floating point: no method can merge it")


def _check_source(plan: Plan, step: Step, source: StepInput) -> None:
    _check_range(plan, step, source.parts[0])
    _require(prod(source.parts[0].shape) == prod(step.shape), f"shapes of {step.tensor} differ")
    if source.lora is None:
        return
    a, b = source.lora.a, source.lora.b
    for factor in (a, b):
        _check_range(plan, step, factor)
        _require(len(factor.shape) >= 2 and is_floating(factor.dtype), f"LoRA factor of {step.tensor}")
    fits = (
        b.shape[1] == a.shape[0]
        and b.shape[0] * prod(a.shape[1:]) == prod(step.shape)
        and prod(b.shape[2:]) == 1
    )
    _require(fits, f"LoRA shapes {b.shape} and {a.shape} do not fit {step.tensor} {step.shape}")


def _check_range(plan: Plan, step: Step, source: TensorRange) -> None:
    _require(0 <= source.file < len(plan.files), f"input file of {step.tensor}")
    _require(source.bytes == prod(source.shape) * item_size(source.dtype), f"input size of {step.tensor}")
    _require(
        0 <= source.offset <= plan.files[source.file].bytes - source.bytes, f"input range of {step.tensor}"
    )


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise WorkerError("plan-invalid", f"the plan is inconsistent: {problem}")
