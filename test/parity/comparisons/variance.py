"""SCE keeps the entries that vary most; which of equally varying ones stay is arbitrary, and shifts weights.

Each output is therefore read for what it kept among the tied entries, and then checked against the formula.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parity.comparisons.close import compare_close
from parity.comparisons.family import Mask
from parity.comparisons.files import Array, exact
from parity.comparisons.settings import Place, parameter
from parity.comparisons.verdict import float32_delta, input_tensor, scale_of

_ROUNDING = 1e-6
_UNIFORM = 1e-6


@dataclass(frozen=True)
class _Merge:
    """The base [n], task vectors [models, n] and how many entries stay."""

    base: Array
    deltas: Array
    variance: Array
    kept: int


def _read(root: Path, recipe: dict[str, Any], place: Place) -> _Merge:
    reference = recipe["base_model"]
    base = next((source.tensor for source in place.inputs if source.model == reference), place.tensor)
    deltas = np.stack(
        [
            float32_delta(root, (source.model, source.tensor), (reference, base)).reshape(-1)
            for source in place.inputs
            if source.model != reference
        ]
    )
    variance = np.var(deltas, axis=0)
    share = parameter(place, "select_topk", 1.0)
    kept = int(np.count_nonzero(variance) * share) if share < 1 else variance.size
    return _Merge(exact(input_tensor(root, reference, base)).reshape(-1), deltas, variance, kept)


def _mask_of(merge: _Merge, output: Array, slack: float) -> Mask:
    """What an output kept: all above the cut, and at the cut those entries that are not the base's."""
    if merge.kept in (0, merge.variance.size):
        return np.full(merge.variance.size, merge.kept > 0)
    cut = np.sort(merge.variance)[-merge.kept]
    tied = abs(merge.variance - cut) <= _ROUNDING * cut
    return np.asarray((~tied & (merge.variance > cut)) | (tied & (abs(output - merge.base) > slack)))


def _expected(merge: _Merge, mask: Mask) -> Array:
    deltas = merge.deltas * mask
    votes = np.where(deltas.sum(axis=0) >= 0, 1.0, -1.0)
    agreeing = np.sign(deltas) == votes
    weights = (deltas**2).mean(axis=1)
    shares = weights / weights.sum() if weights.sum() >= _UNIFORM else np.full(len(deltas), 1 / len(deltas))
    parts = shares[:, None] * agreeing
    return np.asarray(merge.base + (deltas * parts).sum(axis=0) / np.maximum(parts.sum(axis=0), 1e-6))


def compare_variance(
    root: Path, recipe: dict[str, Any], place: Place, ours: Array, theirs: Array, tolerance: float
) -> str | None:
    """Both outputs keep the right number of entries, and are what the formula makes of them."""
    merge = _read(root, recipe, place)
    slack = 1e-7 * scale_of(merge.base)
    for program, output in (("amalgam", ours.reshape(-1)), ("mergekit", theirs.reshape(-1))):
        mask = _mask_of(merge, output, slack)
        if int(mask.sum()) != merge.kept:
            return f"{program} keeps {int(mask.sum())} entries, not {merge.kept}"
        fault = compare_close(output, _expected(merge, mask), tolerance)
        if fault:
            return f"{program} against the formula for what it kept: {fault}"
    return None
