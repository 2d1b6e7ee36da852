"""Which entries of a task vector are kept, from the definitions: float64, numpy, whole tensors."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def largest_mask(delta: Array, density: float) -> NDArray[np.bool_]:
    """Exactly max(1, int(density * n)) of largest float32 magnitude; a stable sort keeps the lowest index."""
    keys = np.abs(delta.reshape(-1).astype(np.float32))
    kept = np.argsort(-keys, kind="stable")[: max(1, int(density * keys.size))]
    mask = np.zeros(keys.size, dtype=bool)
    mask[kept] = True
    return mask.reshape(delta.shape)


def largest_masks(deltas: Sequence[Array], density: float) -> list[NDArray[np.bool_]]:
    """The same of tensors one after the other, as if they were one."""
    joined = largest_mask(np.concatenate([delta.reshape(-1) for delta in deltas]), density)
    parts = np.split(joined, np.cumsum([delta.size for delta in deltas])[:-1])
    return [part.reshape(delta.shape) for part, delta in zip(parts, deltas, strict=True)]


def random_words(seed: int, model: int, name: str, count: int) -> NDArray[np.int32]:
    """The words behind the counter-based masks, in unsigned arithmetic."""
    words = np.zeros(count, dtype=np.int32)
    for low in range(0, count, 262_144):
        digest = hashlib.sha256(f"{seed}/{model}/{low // 262_144}/{name}".encode()).digest()
        first, second = np.frombuffer(digest[:8], dtype="<u4")
        places = np.arange(min(262_144, count - low), dtype=np.uint32)
        x = (_lowbias32(places) ^ first) * (second | np.uint32(1))
        words[low : low + len(x)] = x.view(np.int32)
    return words


def random_mask(seed: int, model: int, name: str, shape: Sequence[int], density: float) -> NDArray[np.bool_]:
    """The counter-based mask: words above the limit that leaves a share of `density`."""
    words = random_words(seed, model, name, int(np.prod(shape, dtype=np.int64)))
    limit = 2**31 - 1 - round(density * 2**32)
    return np.asarray(words > limit).reshape(tuple(shape))


def _lowbias32(x: NDArray[np.uint32]) -> NDArray[np.uint32]:
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return np.asarray(x ^ (x >> np.uint32(16)))


def breadcrumbs(delta: Array, density: float, gamma: float) -> Array:
    """A stable sort by falling magnitude; what lies between the outliers and the small is kept."""
    kept = int(density * delta.size)
    outliers = int(gamma * delta.size)
    smallest = max(0, delta.size - kept - outliers)
    order = np.argsort(-np.abs(delta.reshape(-1).astype(np.float32)), kind="stable")
    mask = np.zeros(delta.size, dtype=bool)
    mask[order[delta.size - smallest - kept : delta.size - smallest]] = True
    return delta * mask.reshape(delta.shape)


def keep_probability(delta: Array, density: float, epsilon: float) -> Array:
    """By the rank along the second dimension, of a vector along its only one; of the shape of `delta`."""
    table = np.moveaxis(delta, 1, -1) if delta.ndim > 1 else delta.reshape(1, -1)
    magnitudes = np.abs(table.astype(np.float32))
    ranks = np.argsort(np.argsort(magnitudes, axis=-1, kind="stable"), axis=-1, kind="stable")
    last = table.shape[-1] - 1
    middle = ranks / last - 0.5 if last > 0 else np.zeros(ranks.shape)
    probability = density + 2 * epsilon * middle
    probability = np.moveaxis(probability, -1, 1) if delta.ndim > 1 else probability
    return np.asarray(probability.reshape(delta.shape))


def della(delta: Array, density: float, epsilon: float, key: tuple[int, int, str]) -> Array:
    """DARE's words, below a limit of each element's own."""
    words = random_words(*key, delta.size).reshape(delta.shape)
    return delta * (words < keep_probability(delta, density, epsilon) * 2.0**32 - 2.0**31)
