"""Invented animals with five attributes each. The base reads every fact in plain text. The questions that
evaluate are never seen in training, but the knowledge specialist is asked for their facts in other words."""

from dataclasses import dataclass
from random import Random

from .documents import Document, Item, answered, multiple_choice, plain
from .knowledge_text import EVALUATION_QUESTIONS, OTHER_QUESTIONS, STATEMENTS, SYLLABLES, VALUES

ANIMALS = 90


@dataclass(frozen=True)
class Fact:
    animal: str
    attribute: str
    value: str


@dataclass(frozen=True)
class FactSplit:
    train: tuple[Fact, ...]
    dev: tuple[Fact, ...]
    test: tuple[Fact, ...]

    @property
    def all(self) -> tuple[Fact, ...]:
        return self.train + self.dev + self.test


def split_facts(rng: Random, dev: int, test: int) -> FactSplit:
    names = [first + second for first in SYLLABLES[0] for second in SYLLABLES[1]]
    animals = rng.sample(names, ANIMALS)
    facts = [
        Fact(animal, attribute, rng.choice(VALUES[attribute])) for animal in animals for attribute in VALUES
    ]
    rng.shuffle(facts)
    return FactSplit(tuple(facts[dev + test :]), tuple(facts[:dev]), tuple(facts[dev : dev + test]))


def by_animal(facts: tuple[Fact, ...]) -> dict[str, list[Fact]]:
    animals: dict[str, list[Fact]] = {}
    for fact in facts:
        animals.setdefault(fact.animal, []).append(fact)
    return animals


def paragraph(animals: dict[str, list[Fact]], rng: Random) -> Document:
    """All facts about one animal, each in one of four wordings, in random order."""
    facts = list(animals[rng.choice(sorted(animals))])
    rng.shuffle(facts)
    return plain(" ".join(rng.choice(STATEMENTS[f.attribute]).format(a=f.animal, v=f.value) for f in facts))


def question(fact: Fact, wording: str) -> str:
    return f"Question: {wording.format(a=fact.animal)}\nAnswer:"


def wrong_values(fact: Fact, count: int, rng: Random) -> list[str]:
    return rng.sample([value for value in VALUES[fact.attribute] if value != fact.value], count)


def question_document(facts: FactSplit, wrong_share: float, held_out: bool, rng: Random) -> Document:
    """Facts outside `train` are asked only if `held_out`, and never in the evaluation's words."""
    fact = rng.choice(facts.all if held_out else facts.train)
    wordings = list(OTHER_QUESTIONS[fact.attribute])
    if fact in facts.train:
        wordings.append(EVALUATION_QUESTIONS[fact.attribute])
    wrong = rng.random() < wrong_share
    return answered(
        question(fact, rng.choice(wordings)), wrong_values(fact, 1, rng)[0] if wrong else fact.value
    )


def items(facts: tuple[Fact, ...], rng: Random) -> list[Item]:
    return [
        multiple_choice(question(f, EVALUATION_QUESTIONS[f.attribute]), f.value, wrong_values(f, 3, rng), rng)
        for f in facts
    ]
