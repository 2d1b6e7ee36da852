"""Forgetting by negation: the base minus a share of one task vector (Ilharco et al. 2023, section 3)."""

from dataclasses import dataclass

from .choose import Draw
from .loaded import Family
from .merging import task_arithmetic
from .paired import ItemScores, mean_over_tasks, without

SCALES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
KEPT = 0.95
"""The share of the base's mean on the other tasks that a negated model must keep on dev, as in the paper."""


@dataclass(frozen=True)
class Negation:
    """What is left on the test draw; scale 0 is the base itself: no negation kept enough of the rest."""

    target: str
    scale: float
    chosen: bool
    scores: ItemScores


def negated(family: Family, target: str, scale: float, items: Draw) -> ItemScores:
    model = family.merged([family.state(target)], task_arithmetic([-scale]))
    return family.score(model, items)


def chosen_scale(family: Family, target: str, dev: Draw) -> float:
    """The scale that lowers the target most on dev and keeps KEPT of the rest; 0 where none does."""
    base = family.score(family.models["base"], dev)
    least, kept = base[target].mean().item(), KEPT * mean_over_tasks(without(base, target))
    best = 0.0
    for scale in SCALES:
        scores = negated(family, target, scale, dev)
        left = scores[target].mean().item()
        if left < least and mean_over_tasks(without(scores, target)) >= kept:
            best, least = scale, left
    return best


def negations(family: Family, dev: Draw, test: Draw) -> list[Negation]:
    """Of each specialist the scale chosen on dev and, where that is less, the whole vector subtracted."""
    found = []
    for target in family.specialists:
        scale = chosen_scale(family, target, dev)
        found.append(Negation(target, scale, True, negated(family, target, scale, test)))
        if scale != 1.0:
            found.append(Negation(target, 1.0, False, negated(family, target, 1.0, test)))
    return found
