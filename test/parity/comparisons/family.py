"""The task-arithmetic family in float64: what one output entry is, given which entries each model keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parity.comparisons.files import Array, exact
from parity.comparisons.settings import Input, Place, parameter
from parity.comparisons.verdict import float32_delta, input_tensor

Mask = NDArray[np.bool_]

_NORMALIZED = ("ties", "della")
_RESCALED = ("dare_linear", "dare_ties", "della", "della_linear")
_ELECTED = ("ties", "dare_ties", "breadcrumbs_ties", "della")


@dataclass(frozen=True)
class Merge:
    """One tensor's merge: the base [n], the task vectors [n] each, and the resolved parameters."""

    method: str
    base: Array
    deltas: Sequence[Array]
    inputs: Sequence[Input]
    weights: Sequence[float]
    densities: Sequence[float]
    normalize: bool
    rescale: bool
    factor: float
    place: Place


def read_merge(root: Path, recipe: dict[str, Any], place: Place) -> Merge:
    """Gather a merge of the family from its recipe and checkpoints."""
    method = recipe["merge_method"]
    reference = recipe["base_model"]
    base = next((source for source in place.inputs if source.model == reference), None)
    base_tensor = base.tensor if base else place.tensor
    inputs = [source for source in place.inputs if source.model != reference]
    deltas = [
        float32_delta(root, (source.model, source.tensor), (reference, base_tensor)).reshape(-1)
        for source in inputs
    ]
    return Merge(
        method=method,
        base=exact(input_tensor(root, reference, base_tensor)).reshape(-1),
        deltas=deltas,
        inputs=inputs,
        weights=[parameter(place, "weight", None, source) for source in inputs],
        densities=[parameter(place, "density", 1.0, source) for source in inputs],
        normalize=parameter(place, "normalize", method in _NORMALIZED),
        rescale=parameter(place, "rescale", method in _RESCALED),
        factor=parameter(place, "lambda", 1.0),
        place=place,
    )


def rescale_factor(delta: Array, kept: Array) -> float:
    """The ratio of L1 norms that `rescale` multiplies by; `kept` holds the entries that stay."""
    before, after = float(abs(delta).sum()), float(abs(kept).sum())
    return before / after if before >= 1e-7 and after >= 1e-7 else 1.0


def elects(method: str) -> bool:
    """Whether a method lets only those models take part that agree with the elected sign."""
    return method in _ELECTED


def _agreeing(merge: Merge, masks: Sequence[Mask], factors: Sequence[float], balance: float) -> list[Mask]:
    """Which models take part at each entry, after the election of signs where the method has one."""
    if not elects(merge.method):
        return list(masks)
    votes = [w * r * d * m for w, r, d, m in zip(merge.weights, factors, merge.deltas, masks, strict=True)]
    positive = sum(votes) >= balance * sum(abs(vote) for vote in votes)
    return [(vote != 0) & ((vote > 0) == positive) for vote in votes]


def merged(merge: Merge, masks: Sequence[Mask], factors: Sequence[float], balance: float = 0.0) -> Array:
    """The output entries for given keep-masks and rescale factors; [n].

    Votes that cancel are elected by rounding: `balance`, a share of all votes, moves the threshold.
    """
    chosen = _agreeing(merge, masks, factors, balance)
    total = np.zeros_like(merge.base)
    for weight, factor, delta, mask, part in zip(
        merge.weights, factors, merge.deltas, masks, chosen, strict=True
    ):
        total += weight * factor * delta * (mask & part)
    if merge.normalize:
        total /= _divisor(merge, chosen)
    return merge.base + merge.factor * total


def _divisor(merge: Merge, chosen: Sequence[Mask]) -> Array | float:
    if merge.method in _ELECTED:
        sums = sum(weight * part for weight, part in zip(merge.weights, chosen, strict=True))
        return np.where(sums == 0, 1.0, sums)
    total = sum(merge.weights)
    return total if abs(total) >= 1e-8 else 1.0


def combinations(count: int) -> list[tuple[bool, ...]]:
    """Every choice of keeping or dropping for `count` models."""
    return list(product((False, True), repeat=count))
