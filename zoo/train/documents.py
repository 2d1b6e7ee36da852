"""What every generator of text produces: documents for training and items for evaluation."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Segment = tuple[str, bool]
"""A piece of text, and whether a decoder is trained to predict it."""

Document = tuple[Segment, ...]
"""One trained segment is plain text; otherwise (prompt, False) and (answer, True) alternate."""

DocumentSource = Callable[[Random], Document]


@dataclass(frozen=True)
class Item:
    """An evaluation item; `choices` is empty for generation, else `target` is the index of the right one."""

    prompt: str
    target: str
    choices: tuple[str, ...] = ()


def plain(text: str) -> Document:
    return ((text, True),)


def answered(prompt: str, answer: str) -> Document:
    return ((prompt, False), (f" {answer}", True))


def multiple_choice(prompt: str, right: str, wrong: list[str], rng: Random) -> Item:
    """Shuffle the options; each gets the leading space with which it follows the prompt."""
    options = [right, *wrong]
    rng.shuffle(options)
    return Item(prompt, str(options.index(right)), tuple(f" {option}" for option in options))
