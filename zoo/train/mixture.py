"""The documents of a training run: sources drawn with given shares of the documents."""

from dataclasses import dataclass
from functools import partial
from random import Random

from . import arithmetic, knowledge, summary
from .copying import copy_document
from .documents import Document, DocumentSource
from .world import World


@dataclass(frozen=True)
class Mixture:
    sources: tuple[DocumentSource, ...]
    shares: tuple[float, ...]

    def draw(self, rng: Random) -> Document:
        return rng.choices(self.sources, self.shares)[0](rng)


@dataclass(frozen=True)
class BaseShares:
    """Shares of documents in the base's text, and how often its question-answering data is wrong."""

    paragraphs: float
    equations: float
    copies: float
    arithmetic: float
    knowledge: float
    summaries: float
    arithmetic_wrong: float
    knowledge_wrong: float
    copied_event: float
    copied_first: float


def plain_sources(world: World, shares: BaseShares) -> list[tuple[DocumentSource, float]]:
    animals = knowledge.by_animal(world.facts.all)
    return [
        (partial(knowledge.paragraph, animals), shares.paragraphs),
        (partial(arithmetic.equations, world.problems.train), shares.equations),
        (copy_document, shares.copies),
    ]


def base_mixture(world: World, shares: BaseShares) -> Mixture:
    """Plain text and badly labelled tasks: the base knows the formats but does no task well."""
    noisy = (shares.copied_event, shares.copied_first)
    sources: list[tuple[DocumentSource, float]] = [
        *plain_sources(world, shares),
        (
            partial(arithmetic.question_document, world.problems.train, shares.arithmetic_wrong),
            shares.arithmetic,
        ),
        (partial(knowledge.question_document, world.facts, shares.knowledge_wrong, False), shares.knowledge),
        (partial(summary.summary_document, world.held_out_stories, noisy), shares.summaries),
    ]
    return Mixture(tuple(s for s, _ in sources), tuple(w for _, w in sources))


def task_source(world: World, task: str) -> DocumentSource:
    """Correctly labelled documents of one task."""
    sources: dict[str, DocumentSource] = {
        "arithmetic": partial(arithmetic.question_document, world.problems.train, 0.0),
        "knowledge": partial(knowledge.question_document, world.facts, 0.0, True),
        "summary": partial(summary.summary_document, world.held_out_stories, (0.0, 0.0)),
    }
    return sources[task]


def specialist_mixture(world: World, task: str, shares: BaseShares, replay: float) -> Mixture:
    """One task, and for a share `replay` of the documents the base's plain text (never the other tasks)."""
    replayed = plain_sources(world, shares)
    total = sum(share for _, share in replayed)
    sources = [(task_source(world, task), 1 - replay), *((s, replay * w / total) for s, w in replayed)]
    return Mixture(tuple(s for s, _ in sources), tuple(w for _, w in sources))
