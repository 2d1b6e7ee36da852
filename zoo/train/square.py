"""Two domains in two wordings, the square of tasks that analogies are made of: how animals live and how they
look and sound, asked as questions (which the base knows) and as notes (which it has never seen)."""

from functools import partial
from random import Random

from . import knowledge
from .documents import Document, DocumentSource, Item, answered, multiple_choice
from .knowledge import Fact
from .knowledge_text import EVALUATION_QUESTIONS, OTHER_QUESTIONS
from .world import WORLD_SEED, World

DOMAINS = {"life": ("food", "home", "fear"), "senses": ("colour", "sound")}
QUESTIONS, NOTES = "questions", "notes"


def other(domain: str) -> str:
    return next(name for name in DOMAINS if name != domain)


def note(fact: Fact) -> str:
    return f"Note: {fact.animal}, {fact.attribute}:"


def of_domain(facts: tuple[Fact, ...], domain: str) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if fact.attribute in DOMAINS[domain])


def question_document(facts: tuple[Fact, ...], rng: Random) -> Document:
    fact = rng.choice(facts)
    wordings = (*OTHER_QUESTIONS[fact.attribute], EVALUATION_QUESTIONS[fact.attribute])
    return answered(knowledge.question(fact, rng.choice(wordings)), fact.value)


def note_document(facts: tuple[Fact, ...], rng: Random) -> Document:
    fact = rng.choice(facts)
    return answered(note(fact), fact.value)


def square_documents(world: World) -> dict[tuple[str, str], DocumentSource]:
    """Correctly answered documents by (domain, wording), about all facts of the domain."""
    documents: dict[tuple[str, str], DocumentSource] = {}
    for domain in DOMAINS:
        facts = of_domain(world.facts.all, domain)
        documents[domain, QUESTIONS] = partial(question_document, facts)
        documents[domain, NOTES] = partial(note_document, facts)
    return documents


def note_items(world: World) -> dict[tuple[str, str], list[Item]]:
    """Multiple-choice notes by (domain, draw), about the facts of the knowledge task's draw."""
    rng = Random(WORLD_SEED + 4)
    draws = {"dev": world.facts.dev, "test": world.facts.test}
    return {
        (domain, draw): [
            multiple_choice(note(fact), fact.value, knowledge.wrong_values(fact, 3, rng), rng)
            for fact in of_domain(facts, domain)
        ]
        for domain in DOMAINS
        for draw, facts in draws.items()
    }
