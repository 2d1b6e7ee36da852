"""Which examples of a task are scored."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def sample(items: Sequence[Item], keys: Sequence[str], limit: int | None, seed: int | None) -> list[Item]:
    """`limit` of the items, in their order: the first, or with a seed those whose hashed keys come first.

    By hash the sample is the same on every machine, a larger one holds a smaller one, and rows that are added
    change it little.
    """
    if limit is None or limit >= len(items):
        return list(items)
    if seed is None:
        return list(items[:limit])

    def rank(index: int) -> bytes:
        return hashlib.sha256(f"{seed}:{keys[index]}".encode("utf-8", "surrogatepass")).digest()

    return [items[index] for index in sorted(sorted(range(len(items)), key=rank)[:limit])]
