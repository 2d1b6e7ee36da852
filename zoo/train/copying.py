"""Documents that repeat random words: without them the models do not learn to copy from their input."""

from random import Random

from .documents import Document, answered
from .knowledge_text import VALUES
from .summary_text import DAYS, MANNERS, NAMES, OBJECTS, PLACES, VERBS, WEATHER

WORDS = [
    *NAMES,
    *VERBS,
    *OBJECTS,
    *MANNERS,
    *DAYS,
    *PLACES,
    *WEATHER,
    *(v for vs in VALUES.values() for v in vs),
]


def copy_document(rng: Random) -> Document:
    words = " ".join(rng.choice(WORDS) for _ in range(rng.randint(2, 10)))
    return answered(f"Repeat: {words}.", f"{words}.")
