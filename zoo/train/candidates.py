"""The merges that are tried on the dev draw, method by method."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

from . import merging

DARE_SEED = 0


@dataclass(frozen=True)
class Candidate:
    method: str
    models: tuple[str, ...]
    coefficients: str
    merge: merging.TensorMerge


def candidates(tasks: Sequence[str]) -> list[Candidate]:
    """All settings of all methods over the specialists; the pairs of slerp count as a method each."""
    all_, one = tuple(tasks), [1.0] * len(tasks)
    found = [Candidate("linear", all_, "weight 1 each", merging.linear(one))]
    for weight in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0):
        merge = merging.task_arithmetic([weight] * len(tasks))
        found.append(Candidate("task_arithmetic", all_, f"weight {weight}", merge))
    for density, scale in product((0.2, 0.3, 0.5, 0.7), (0.8, 1.0, 1.2, 1.4, 1.6)):
        merge = merging.ties(one, density, scale)
        found.append(Candidate("ties", all_, f"density {density} lambda {scale}", merge))
    for density, weight in product((0.5, 0.7, 0.9), (0.4, 0.5, 0.6, 0.7, 0.8)):
        for method, elect in (("dare_linear", False), ("dare_ties", True)):
            merge = merging.dare([weight] * len(tasks), density, elect, DARE_SEED)
            found.append(Candidate(method, all_, f"density {density} weight {weight}", merge))
    found.append(Candidate("model_stock", all_, "no coefficients", merging.model_stock()))
    for (first, second), t in product(combinations(tasks, 2), (0.3, 0.4, 0.5, 0.6, 0.7)):
        found.append(Candidate(f"slerp {first}+{second}", (first, second), f"t {t}", merging.slerp(t)))
    return found
