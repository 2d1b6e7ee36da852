"""Consistency of a plan: everything that the engine relies on without looking again."""

from __future__ import annotations

from amalgam_worker.adapters.check_step import check_adapter_step
from amalgam_worker.input_check import check_input, check_output, check_row_map, fail, require
from amalgam_worker.protocol import METHOD_PARAMETERS, Operation, Plan, Step
from amalgam_worker.tensors.dtypes import is_floating
from amalgam_worker.tensors.zero_padding import inner_shape


def check_plan(plan: Plan) -> None:
    """Raises WorkerError `plan-invalid` naming the first fault."""
    for number, operation in enumerate(plan.operations):
        _check_operation(f"operations[{number}]", operation)
    for number, row_map in enumerate(plan.row_maps):
        check_row_map(f"rowMaps[{number}]", row_map)
    for number, shard in enumerate(plan.shards):
        require(
            "/" not in shard.name and shard.name not in ("", ".", ".."), f"shards[{number}].name is a path"
        )
        require(shard.bytes >= 8 + len(shard.header.encode()), f"shards[{number}] is smaller than its header")
    for step in plan.steps:
        _check_step(plan, step)
    for adapter_step in plan.adapter_steps:
        check_adapter_step(plan, adapter_step)


def _check_operation(place: str, operation: Operation) -> None:
    shared, per_input = METHOD_PARAMETERS[operation.method]
    require(operation.shared.keys() == set(shared), f"{place}.shared must have exactly {', '.join(shared)}")
    for values in operation.per_input:
        require(values.keys() == set(per_input), f"{place}.perInput must have exactly {', '.join(per_input)}")


def _check_step(plan: Plan, step: Step) -> None:
    name, output = step.tensor, step.output
    if not step.inputs:
        fail(f"{name} has no inputs")
    if min(step.shape, default=0) < 0:
        fail(f"{name} has a negative size")
    check_output(plan, name, step.shape, output)
    sources = step.inputs if step.base is None else [*step.inputs, step.base]
    for source in sources:
        check_input(plan, step, source)
    if step.operation is None:
        for source in step.inputs:
            room = inner_shape(step.shape, len(source.shape))
            same = source.parts[0].dtype == output.dtype and source.shape == room
            plain = source.lora is None and source.rows is None
            require(same and plain, f"{name} cannot be copied as it is")
        return
    if not 0 <= step.operation < len(plan.operations):
        fail(f"operation of {name}")
    count = len(plan.operations[step.operation].per_input)
    if count != len(step.inputs):
        fail(f"{name} has {len(step.inputs)} inputs, its operation {count}")
    if not (is_floating(output.dtype) and all(is_floating(source.parts[0].dtype) for source in sources)):
        fail(f"{name} is not floating point: no method can merge it")
