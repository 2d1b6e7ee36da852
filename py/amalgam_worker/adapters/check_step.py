"""Consistency of a merge of factors: everything that its modes rely on without looking again."""

from __future__ import annotations

from math import prod

from amalgam_worker.adapters.sources import updates_of
from amalgam_worker.input_check import check_output, check_update, require
from amalgam_worker.methods import METHODS
from amalgam_worker.methods.method import Parameters
from amalgam_worker.protocol import AdapterStep, FactorOutput, Plan
from amalgam_worker.tensors.dtypes import is_floating


def check_adapter_step(plan: Plan, step: AdapterStep) -> None:
    """Raises WorkerError `plan-invalid` naming the first fault."""
    name = f"the update of {step.tensor}"
    updates = updates_of(step)
    require(len(step.shape) == 2 and min(step.shape) > 0, f"{step.tensor} is no matrix")
    require(bool(step.inputs) and bool(updates), f"{name} has no factors")
    require(step.scale != 0 and abs(step.scale) < float("inf"), f"scale of {name}")
    ranks, transposed = [], set()
    for update in updates:
        check_update(plan, step.tensor, step.shape, update)
        sizes = [update.b.shape[0], update.a.shape[1]]
        wanted = [*reversed(step.shape)] if update.transposed else step.shape
        are_matrices = len(update.a.shape) == len(update.b.shape) == 2
        require(are_matrices and sizes == wanted, f"factors of {name} do not fit")
        require(update.magnitude is None, f"{name} has a magnitude, which factors cannot hold")
        ranks.append(update.a.shape[0])
        transposed.add(update.transposed)
    require(len(transposed) == 1, f"updates of {step.tensor} lie both ways round")
    _check_rank(step, name, ranks)
    require(0 <= step.operation < len(plan.operations), f"operation of {name}")
    count = len(plan.operations[step.operation].per_input)
    require(count == len(step.inputs), f"{name} has {len(step.inputs)} inputs, its operation {count}")
    operation = plan.operations[step.operation]
    ranked = METHODS[operation.method].ranks_models(Parameters(operation.shared, operation.per_input))
    require(not ranked, f"{name} cannot be ranked over all tensors")
    require((step.step is None) != (step.factors is None), f"{name} goes to no place, or to two")
    if step.factors is not None:
        _check_factors(plan, step, name, step.factors, transposed.pop())
    elif step.step is not None:
        _check_target(plan, step, name, step.step)


def _check_rank(step: AdapterStep, name: str, ranks: list[int]) -> None:
    """The rank must be one that the mode can make."""
    if step.mode == "factor":
        require(step.rank >= max(ranks), f"rank of {name}")
    elif step.mode == "concat":
        require(step.rank == sum(ranks), f"rank of {name}")
    else:
        most = min(step.shape) if step.mode == "delta" else min(sum(ranks), *step.shape)
        require(1 <= step.rank <= most, f"rank of {name}")


def _check_factors(plan: Plan, step: AdapterStep, name: str, output: FactorOutput, transposed: bool) -> None:
    rows, columns = reversed(step.shape) if transposed else step.shape
    check_output(plan, f"A of {name}", [step.rank, columns], output.a)
    check_output(plan, f"B of {name}", [rows, step.rank], output.b)
    require(is_floating(output.a.dtype) and is_floating(output.b.dtype), f"type of {name}")


def _check_target(plan: Plan, step: AdapterStep, name: str, number: int) -> None:
    require(step.mode != "delta", f"{name} is merged as a whole weight, and needs no factors")
    require(0 <= number < len(plan.steps), f"step of {name}")
    target = plan.steps[number]
    single = len(target.inputs) == 1 and target.base is None and target.operation is not None
    require(single and target.shape == step.shape, f"{name} is added to a step that merges something else")
    require(prod(target.inputs[0].shape) == prod(step.shape), f"{name} is added to a tensor of another shape")
