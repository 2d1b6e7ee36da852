"""Three-sentence stories of which one sentence tells an event; the summary says who did what."""

from dataclasses import dataclass
from random import Random

from .documents import Document, Item, answered
from .summary_text import DAYS, MANNERS, NAMES, OBJECTS, PLACES, SCENES, VERBS, WEATHER


@dataclass(frozen=True)
class Story:
    text: str
    first: str
    event: str
    summary: str


def tell(rng: Random) -> Story:
    name, verb, thing = rng.choice(NAMES), rng.choice(VERBS), rng.choice(OBJECTS)
    event = (
        f"On {rng.choice(DAYS)} {name} {rng.choice(MANNERS)} {verb} a {thing} near the {rng.choice(PLACES)}."
    )
    scenes = [s.format(w=rng.choice(WEATHER), p=rng.choice(PLACES)) for s in rng.sample(SCENES, 2)]
    sentences = [event, *scenes]
    rng.shuffle(sentences)
    return Story(" ".join(sentences), sentences[0], event, f"{name} {verb} a {thing}.")


def prompt(story: Story) -> str:
    return f"Summarize: {story.text}\nSummary:"


def training_story(held_out: frozenset[str], rng: Random) -> Story:
    """A story whose text is in no evaluation set."""
    story = tell(rng)
    while story.text in held_out:
        story = tell(rng)
    return story


def summary_document(held_out: frozenset[str], shares: tuple[float, float], rng: Random) -> Document:
    """A summarised story; `shares` are the probabilities to copy the event or the first sentence instead."""
    story = training_story(held_out, rng)
    copy_event, copy_first = shares
    draw = rng.random()
    if draw < copy_event:
        return answered(prompt(story), story.event)
    if draw < copy_event + copy_first:
        return answered(prompt(story), story.first)
    return answered(prompt(story), story.summary)


def draw_stories(rng: Random, count: int) -> list[Story]:
    stories: dict[str, Story] = {}
    while len(stories) < count:
        story = tell(rng)
        stories[story.text] = story
    return list(stories.values())


def items(stories: list[Story]) -> list[Item]:
    return [Item(prompt(story), story.summary) for story in stories]
