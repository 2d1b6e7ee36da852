"""Groups examples of like length into batches, and makes batches smaller when memory runs out."""

import random
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

from ..errors import WorkerError
from .memory_errors import is_out_of_memory

Result = TypeVar("Result")

Batch = list[int]


def fixed_batches(order: Sequence[int], size: int) -> list[Batch]:
    return [list(order[start : start + size]) for start in range(0, len(order), size)]


def budgeted_batches(order: Sequence[int], costs: Sequence[int], budget: int) -> list[Batch]:
    """Consecutive pieces of `order` whose size times largest cost is within the budget, or of one example."""
    batches: list[Batch] = []
    largest = 0
    for index in order:
        largest = max(largest, costs[index])
        if batches and (len(batches[-1]) + 1) * largest <= budget:
            batches[-1].append(index)
        else:
            batches.append([index])
            largest = costs[index]
    return batches


def make_batches(costs: Sequence[int], size: int | None, budget: int) -> list[Batch]:
    """Batches of example indices, sorted by cost (tokens) to pad little; of `size` or by the budget.

    The batches are shuffled, by a fixed seed, so that a running mean is not one of long examples only.
    """
    order = sorted(range(len(costs)), key=lambda index: -costs[index])
    batches = budgeted_batches(order, costs, budget) if size is None else fixed_batches(order, size)
    random.Random(0).shuffle(batches)
    return batches


def attempt(step: Callable[[Batch], list[Result]], batch: Batch) -> list[Result] | None:
    """The step's results, or None when memory ran out; the traceback, which holds tensors, has gone then."""
    try:
        return step(batch)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return None


def run_batches(
    batches: Sequence[Batch], step: Callable[[Batch], list[Result]], warn: Callable[[str], None]
) -> Iterator[tuple[Batch, list[Result]]]:
    """Each batch with the step's results for it; batches are halved, from then on, when memory runs out.

    Errors: `out-of-memory` where it runs out on one example.
    """
    pending = deque(batches)
    limit: int | None = None
    while pending:
        batch = pending.popleft()
        if limit is not None and len(batch) > limit:
            pending.extendleft(reversed(fixed_batches(batch, limit)))
            continue
        results = attempt(step, batch)
        if results is not None:
            yield batch, results
            continue
        if len(batch) == 1:
            hint = "use a device with more memory, or shorten the task's maximum lengths"
            raise WorkerError("out-of-memory", "memory ran out on a batch of one example", hint)
        limit = len(batch) // 2
        warn(f"memory ran out on a batch of {len(batch)} examples; going on with {limit}")
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        pending.appendleft(batch)
