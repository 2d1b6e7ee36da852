"""Arcee Fusion keeps entries by a computed score: near its threshold rounding decides, nowhere else."""

from pathlib import Path
from typing import Any

import numpy as np

from parity.comparisons.close import compare_close
from parity.comparisons.family import Mask
from parity.comparisons.files import Array, exact
from parity.comparisons.settings import Place
from parity.comparisons.verdict import farthest, input_tensor, scale_of

# The divergence of nearly equal distributions is a small difference: float32 leaves two digits of it.
_WINDOW = 0.05


def _softmax(values: Array) -> Array:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _near_cut(root: Path, recipe: dict[str, Any], place: Place) -> Mask:
    """Entries whose importance is within rounding of median + 1.5 (q75 - q25)."""
    reference = recipe["base_model"]
    base_name = next((source.tensor for source in place.inputs if source.model == reference), place.tensor)
    other = next(source for source in place.inputs if source.model != reference)
    base = exact(input_tensor(root, reference, base_name))
    changed = exact(input_tensor(root, other.model, other.tensor))
    p, q = _softmax(changed) + 1e-8, _softmax(base) + 1e-8
    divergence = (p * np.log(p / q)).sum(axis=-1, keepdims=True)
    importance = abs(changed - base) * divergence
    ascending = np.sort(importance.reshape(-1))
    low, middle, high = (ascending[int(part * (ascending.size - 1))] for part in (0.25, 0.5, 0.75))
    cut = middle + 1.5 * (high - low)
    return np.asarray(abs(importance - cut) <= _WINDOW * cut)


def compare_importance(
    root: Path, recipe: dict[str, Any], place: Place, ours: Array, theirs: Array, tolerance: float
) -> str | None:
    """Equal everywhere but near the threshold, where one of the two may have kept the base's entry."""
    near = _near_cut(root, recipe, place)
    reference = recipe["base_model"]
    name = next((source.tensor for source in place.inputs if source.model == reference), place.tensor)
    base = exact(input_tensor(root, reference, name))
    slack = tolerance * scale_of(theirs)
    dropped = (abs(ours - base) <= slack) | (abs(theirs - base) <= slack)
    if compare_close(np.where(near & dropped, theirs, ours), theirs, tolerance) is None:
        return None
    return farthest(ours, theirs)
