"""The fixed world: which facts hold, and which items are for training, for dev and for test."""

from dataclasses import dataclass
from random import Random

from . import arithmetic, knowledge, summary
from .documents import Item

WORLD_SEED = 2024
DEV_ITEMS = 120
TEST_ITEMS = 240


@dataclass(frozen=True)
class World:
    problems: arithmetic.ProblemSplit
    facts: knowledge.FactSplit
    dev_stories: list[summary.Story]
    test_stories: list[summary.Story]

    @property
    def held_out_stories(self) -> frozenset[str]:
        return frozenset(story.text for story in self.dev_stories + self.test_stories)


def make_world() -> World:
    """The same world for every training seed, so that seeds are judged on the same items."""
    stories = summary.draw_stories(Random(WORLD_SEED + 2), DEV_ITEMS + TEST_ITEMS)
    return World(
        arithmetic.split_problems(Random(WORLD_SEED), DEV_ITEMS, TEST_ITEMS),
        knowledge.split_facts(Random(WORLD_SEED + 1), DEV_ITEMS, TEST_ITEMS),
        stories[:DEV_ITEMS],
        stories[DEV_ITEMS:],
    )


def evaluation_items(world: World) -> dict[tuple[str, str], list[Item]]:
    """Items by (task, draw)."""
    rng = Random(WORLD_SEED + 3)
    return {
        ("arithmetic", "dev"): arithmetic.items(world.problems.dev, rng),
        ("arithmetic", "test"): arithmetic.items(world.problems.test, rng),
        ("knowledge", "dev"): knowledge.items(world.facts.dev, rng),
        ("knowledge", "test"): knowledge.items(world.facts.test, rng),
        ("summary", "dev"): summary.items(world.dev_stories),
        ("summary", "test"): summary.items(world.test_stories),
    }
