"""Chooses each method's coefficients on the dev draw and scores models and merges on the test draw."""

from dataclasses import dataclass

from .candidates import Candidate, candidates
from .documents import Item
from .loaded import Family
from .paired import ItemScores, mean_over_tasks

Draw = dict[str, list[Item]]


@dataclass(frozen=True)
class Result:
    model: str
    coefficients: str
    scores: ItemScores


def score_candidate(family: Family, candidate: Candidate, items: Draw) -> ItemScores:
    states = [family.state(name) for name in candidate.models]
    return family.score(family.merged(states, candidate.merge), items)


def chosen(family: Family, dev: Draw) -> list[Candidate]:
    """Of each method the candidate with the best mean over tasks on the dev draw; of equals the first."""
    best: dict[str, tuple[float, Candidate]] = {}
    for candidate in candidates(family.specialists):
        mean = mean_over_tasks(score_candidate(family, candidate, dev))
        if candidate.method not in best or mean > best[candidate.method][0]:
            best[candidate.method] = (mean, candidate)
    return [candidate for _, candidate in best.values()]


def score_family(family: Family, dev: Draw, test: Draw) -> list[Result]:
    """All single models and the chosen merge of each method, scored on the test draw."""
    results = [Result(name, "", family.score(model, test)) for name, model in family.models.items()]
    for candidate in chosen(family, dev):
        scores = score_candidate(family, candidate, test)
        results.append(Result(candidate.method, candidate.coefficients, scores))
    return results
