"""Model Stock where mergekit's absolute guard takes hold: each program by its own formula."""

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from parity.comparisons.close import compare_close
from parity.comparisons.files import Array, exact
from parity.comparisons.settings import Place
from parity.comparisons.verdict import float32_delta, input_tensor

_GUARD = 1e-6


def _stock(base: Array, deltas: list[Array], guard: float) -> Array:
    cosines = [
        float(np.sum(a * b)) / max(float(np.linalg.norm(a) * np.linalg.norm(b)), guard)
        for a, b in combinations(deltas, 2)
    ]
    cosine, count = float(np.clip(np.mean(cosines), -1, 1)), len(deltas)
    ratio = count * cosine / (1 + (count - 1) * cosine)
    return np.asarray(base + ratio * np.mean(deltas, axis=0))


def compare_stock(
    root: Path, recipe: dict[str, Any], place: Place, ours: Array, theirs: Array, tolerance: float
) -> str | None:
    """Amalgam by the formula without a guard, mergekit by the one with it."""
    reference = recipe["base_model"]
    base = exact(input_tensor(root, reference, place.tensor))
    deltas = [
        float32_delta(root, (source.model, source.tensor), (reference, place.tensor))
        for source in place.inputs
    ]
    fault = compare_close(ours, _stock(base, deltas, np.finfo(np.float32).tiny), tolerance)
    if fault:
        return f"amalgam against the formula: {fault}"
    fault = compare_close(theirs, _stock(base, deltas, _GUARD), tolerance)
    return f"mergekit against its formula: {fault}" if fault else None
