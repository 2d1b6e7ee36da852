"""Learning by analogy (Ilharco et al. 2023, section 5): a domain's notes are to its questions as the other
domain's notes are to that one's, so that questions + other notes - other questions should answer notes."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

from .documents import DocumentSource, Item
from .loaded import Family
from .merging import State, task_arithmetic
from .mixture import Mixture
from .scoring import item_scores
from .square import DOMAINS, NOTES, QUESTIONS, note_items, other, square_documents
from .world import World

SCALES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2)

Trainer = Callable[[Mixture, int, str], PreTrainedModel]
"""From a mixture, a number that seeds its order and a label to a fine-tune of the base."""

Corner = tuple[str, str]

ANALOGY = "analogy"


@dataclass(frozen=True)
class AnalogyResult:
    """One way to answer the notes of `domain`; `scores` are its items on the test draw, 0 or 1."""

    domain: str
    model: str
    scale: float | None
    scores: torch.Tensor


def train_corners(documents: dict[Corner, DocumentSource], train: Trainer) -> dict[Corner, State]:
    return {
        corner: train(Mixture((source,), (1.0,)), number, " ".join(corner)).state_dict()
        for number, (corner, source) in enumerate(documents.items())
    }


def combinations(domain: str) -> dict[str, dict[Corner, float]]:
    """The sums of task vectors that are compared; none but the last saw a note of the domain in training."""
    questions, others = (domain, QUESTIONS), (other(domain), NOTES)
    return {
        "questions": {questions: 1.0},
        "other notes": {others: 1.0},
        "questions + other notes": {questions: 1.0, others: 1.0},
        ANALOGY: {questions: 1.0, others: 1.0, (other(domain), QUESTIONS): -1.0},
        "trained on the notes": {(domain, NOTES): 1.0},
    }


def score_sum(
    family: Family, corners: dict[Corner, State], sum_: dict[Corner, float], scale: float, items: list[Item]
) -> torch.Tensor:
    merge = task_arithmetic([scale * sign for sign in sum_.values()])
    model = family.merged([corners[corner] for corner in sum_], merge)
    return item_scores(model, family.tokenizer, items)


def analogies(family: Family, world: World, train: Trainer) -> list[AnalogyResult]:
    """Both analogies of the square, each beside the base and what it is made of; scales are chosen on dev."""
    corners, items = train_corners(square_documents(world), train), note_items(world)
    found = []
    for domain in DOMAINS:
        dev, test = items[domain, "dev"], items[domain, "test"]
        base = item_scores(family.models["base"], family.tokenizer, test)
        found.append(AnalogyResult(domain, "base", None, base))
        for name, sum_ in combinations(domain).items():
            on_dev = {s: score_sum(family, corners, sum_, s, dev).mean().item() for s in SCALES}
            scale = max(on_dev, key=lambda s: on_dev[s])
            found.append(AnalogyResult(domain, name, scale, score_sum(family, corners, sum_, scale, test)))
    return found
