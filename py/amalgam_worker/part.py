"""Which steps of a plan are done here, where others do the rest."""

from __future__ import annotations

from collections.abc import Iterator

from amalgam_worker.input_check import require
from amalgam_worker.protocol import MergePart, Plan, StepOutput


def whole(plan: Plan) -> MergePart:
    """All of a plan."""
    stored = [number for number, step in enumerate(plan.adapter_steps) if step.factors is not None]
    return MergePart(list(range(len(plan.steps))), stored)


def check_part(plan: Plan, part: MergePart) -> None:
    """Raises WorkerError `plan-invalid` where a number is not that of one step that stores something."""
    everything = whole(plan)
    for name, numbers, known in (
        ("steps", part.steps, everything.steps),
        ("adapterSteps", part.adapter_steps, everything.adapter_steps),
    ):
        require(set(known).issuperset(numbers), f"part.{name} has a number that the plan has not")
        require(len(set(numbers)) == len(numbers), f"part.{name} has a number twice")


def outputs(plan: Plan, part: MergePart) -> Iterator[StepOutput]:
    """Places of the tensors that a part makes."""
    for number in part.steps:
        yield plan.steps[number].output
    for number in part.adapter_steps:
        factors = plan.adapter_steps[number].factors
        if factors is not None:
            yield from (factors.a, factors.b)
