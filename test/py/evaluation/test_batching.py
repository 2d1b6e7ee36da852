from collections.abc import Sequence
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation.batching import make_batches, run_batches

COSTS = st.lists(st.integers(1, 50), min_size=1, max_size=60)


def out_of_memory_errors() -> list[BaseException]:
    return [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"
        ),
    ]


@settings(deadline=None, derandomize=True)
@given(COSTS, st.integers(1, 200))
def test_batches_hold_every_example_once_within_the_budget(costs: list[int], budget: int) -> None:
    batches = make_batches(costs, None, budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(costs)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(costs[index] for index in batch) <= budget


@settings(deadline=None, derandomize=True)
@given(COSTS, st.integers(1, 9))
def test_a_given_size_is_kept(costs: list[int], size: int) -> None:
    batches = make_batches(costs, size, 1)
    assert sorted(index for batch in batches for index in batch) == list(range(len(costs)))
    assert sum(len(batch) != size for batch in batches) <= 1
    assert all(len(batch) <= size for batch in batches)


@settings(deadline=None, derandomize=True)
@given(COSTS)
def test_batches_are_of_like_cost_and_always_the_same(costs: list[int]) -> None:
    batches = make_batches(costs, 4, 1)
    assert batches == make_batches(costs, 4, 1)
    ranges = sorted((min(costs[i] for i in batch), max(costs[i] for i in batch)) for batch in batches)
    assert all(before[1] <= after[0] for before, after in pairwise(ranges))


@pytest.mark.parametrize("error", out_of_memory_errors(), ids=lambda error: type(error).__name__)
def test_batches_are_halved_when_memory_runs_out(error: BaseException) -> None:
    sizes: list[int] = []
    warnings: list[str] = []

    def step(batch: Sequence[int]) -> list[int]:
        sizes.append(len(batch))
        if len(batch) > 3:
            raise error
        return [10 * index for index in batch]

    done = dict(
        pair
        for batch, results in run_batches([list(range(12)), list(range(12, 20))], step, warnings.append)
        for pair in zip(batch, results, strict=True)
    )
    assert done == {index: 10 * index for index in range(20)}
    assert sizes == [12, 6, 3, 3, 3, 3, 3, 3, 2]
    assert warnings == [
        "memory ran out on a batch of 12 examples; going on with 6",
        "memory ran out on a batch of 6 examples; going on with 3",
    ]


def test_memory_that_runs_out_on_one_example_is_an_error() -> None:
    def step(batch: Sequence[int]) -> list[int]:
        raise MemoryError

    with pytest.raises(WorkerError) as caught:
        list(run_batches([[0, 1]], step, lambda message: None))
    assert caught.value.code == "out-of-memory"


def test_other_failures_pass() -> None:
    def step(batch: Sequence[int]) -> list[int]:
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="shapes"):
        list(run_batches([[0, 1]], step, lambda message: None))
