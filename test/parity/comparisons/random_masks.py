"""Methods that drop entries at random: no two programs draw the same masks, so they are read off the output.

Every entry must be what the formula gives for some set of kept models; only the rescale factors are unknown.
The kept entries are then counted against their probabilities, and the L1 norms checked.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from parity.comparisons.family import Mask, Merge, combinations, elects, merged, read_merge
from parity.comparisons.files import Array
from parity.comparisons.settings import Place, parameter
from parity.comparisons.verdict import scale_of

RESIDUAL = 2e-6
"""Largest misfit of an entry relative to the largest magnitude: factors are read from float32 outputs."""

_TRIALS = 64
"""How many entries are tried for a factor that no entry shows by itself."""


@dataclass
class Tally:
    """Kept entries of one model against their expected number and its variance."""

    kept: float = 0.0
    expected: float = 0.0
    variance: float = 0.0

    def add(self, kept: Mask, probability: Array) -> None:
        """Count entries, each with its own probability."""
        self.kept += float(kept.sum())
        self.expected += float(probability.sum())
        self.variance += float((probability * (1 - probability)).sum())

    def sigmas(self) -> float:
        """How far the count is from what is expected, in standard deviations."""
        return abs(self.kept - self.expected) / math.sqrt(max(self.variance, 1e-12))


@dataclass(frozen=True)
class Decoded:
    """What an output says: who kept which entry, with which factors, and how badly the worst entry fits.

    `surely` and `possibly` are the entries that a model keeps in all or in some of the sets that fit.
    """

    masks: Sequence[Mask]
    surely: Sequence[Mask]
    possibly: Sequence[Mask]
    factors: Sequence[float]
    residual: float


def keep_probabilities(merge: Merge, shape: Sequence[int], number: int) -> Array:
    """The probability with which each entry of one model stays; [n]."""
    density = merge.densities[number]
    size = merge.base.size
    if density >= 1 or not merge.method.startswith("della"):
        return np.full(size, min(density, 1.0))
    epsilon = parameter(merge.place, "epsilon", 0.15, merge.inputs[number])
    rows = abs(merge.deltas[number]).reshape(tuple(shape) if len(shape) > 1 else (1, size))
    ranks = rows.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return np.asarray((density - epsilon + 2 * epsilon * ranks / (rows.shape[1] - 1)).reshape(-1))


def _shares(merge: Merge, factors: Sequence[float], only: int) -> Array:
    """What one model adds to each entry if it alone is kept; [n]."""
    masks = [np.full(merge.base.size, number == only) for number in range(len(factors))]
    return merged(merge, masks, factors) - merge.base


def _misfits(merge: Merge, output: Array, factors: Sequence[float]) -> Array:
    """For given factors, how far each set of kept models is from each entry; [sets, n]."""
    full = np.ones(output.size, bool)
    choices = combinations(len(merge.deltas))
    return np.stack(
        [abs(merged(merge, [full & keep for keep in choice], factors) - output) for choice in choices]
    )


def _alone(merge: Merge, output: Array, number: int) -> float | None:
    """A model's factor, from the largest entry that this model alone has changed and kept."""
    others = sum(abs(delta) for other, delta in enumerate(merge.deltas) if other != number)
    unit = _shares(merge, [1.0] * len(merge.deltas), number)
    slack = RESIDUAL * scale_of(output)
    shown = (merge.deltas[number] != 0) & (others == 0) & (abs(output - merge.base) > 10 * slack)
    if not shown.any():
        return None
    place = int(np.where(shown, abs(unit), 0).argmax())
    return float((output - merge.base)[place] / unit[place])


def _voted(merge: Merge, output: Array, factors: list[float], number: int) -> list[float]:
    """A model's factors where no entry shows it alone: those that explain most entries."""
    slack = RESIDUAL * scale_of(output)
    places = np.argsort(-abs(merge.deltas[number]))[:_TRIALS]
    best, most = {factors[number]}, 0
    for choice in combinations(len(merge.deltas)):
        if not choice[number]:
            continue
        masks = [np.full(output.size, keep) for keep in choice]
        # For a fixed set of models an entry is a straight line over the factor.
        one, two = (merged(merge, masks, [*factors[:number], r, *factors[number + 1 :]]) for r in (1.0, 2.0))
        for place in places:
            slope = two[place] - one[place]
            # What is left of a task vector is never larger than the whole.
            trial = 1 + float((output - one)[place] / slope) if abs(slope) > 10 * slack else 0.0
            if trial < 0.999:
                continue
            misfits = _misfits(merge, output, [*factors[:number], trial, *factors[number + 1 :]])
            explained = int((misfits.min(axis=0) <= slack).sum())
            if explained > most:
                best, most = set(), explained
            if explained == most and not any(abs(trial - known) < 1e-4 for known in best):
                best.add(trial)
    return sorted(best)


def _factors(merge: Merge, output: Array) -> Iterator[list[float]]:
    """Rescale factors that an output can have; more than one only where updates are few and coarse."""
    factors = [1.0] * len(merge.deltas)
    unknown = [n for n, density in enumerate(merge.densities) if merge.rescale and density < 1]
    shown = {number: _alone(merge, output, number) for number in unknown}
    for number, found in shown.items():
        factors[number] = 1 / merge.densities[number] if found is None else found
    yield from _completed(
        merge, output, factors, [number for number, found in shown.items() if found is None]
    )


def _completed(
    merge: Merge, output: Array, factors: list[float], hidden: Sequence[int]
) -> Iterator[list[float]]:
    """Put in the factors that no entry shows alone, one after the other, in every order."""
    if not hidden:
        yield factors
    for number in hidden:
        left = [other for other in hidden if other != number]
        for trial in _voted(merge, output, factors, number):
            yield from _completed(merge, output, [*factors[:number], trial, *factors[number + 1 :]], left)


def decode(merge: Merge, output: Array, factors: list[float]) -> Decoded:
    """Read the masks off an output [n], given the factors."""
    misfits = _misfits(merge, output, factors)
    fits = misfits <= RESIDUAL * scale_of(output)
    # [sets, models] -> for each model, the sets that keep it
    keeping = np.array(combinations(len(merge.deltas))).T
    best = misfits.argmin(axis=0)
    return Decoded(
        masks=[kept[best] for kept in keeping],
        surely=[~fits[~kept].any(axis=0) for kept in keeping],
        possibly=[fits[kept].any(axis=0) for kept in keeping],
        factors=factors,
        residual=float(misfits.min(axis=0).max()) / scale_of(output),
    )


def _observable(merge: Merge, factors: Sequence[float], number: int) -> Mask:
    """Entries at which an output shows whether one model was kept."""
    seen = abs(_shares(merge, factors, number)) > 20 * RESIDUAL * scale_of(merge.base)
    if elects(merge.method):
        # Where no model points the other way, none is outvoted.
        signs = [np.sign(delta) for delta in merge.deltas]
        seen &= abs(sum(signs)) == sum(abs(sign) for sign in signs)
    return np.asarray(seen)


def _norm_fault(merge: Merge, decoded: Decoded, number: int, probability: Array) -> str | None:
    delta, factor = merge.deltas[number], decoded.factors[number]
    whole = float(abs(delta).sum())
    if not merge.rescale:
        return None
    if elects(merge.method):
        spread = float((probability * (1 - probability) * delta**2).sum()) ** 0.5
        expected = float((probability * abs(delta)).sum())
        off = abs(whole / factor - expected) / max(spread, 1e-12)
        return f"factor {factor:.6g} is {off:.1f} sigma from its expectation" if off > 6 else None
    least = factor * float(abs(delta[decoded.surely[number]]).sum())
    most = factor * float(abs(delta[decoded.possibly[number]]).sum())
    # With nothing kept there is nothing to rescale.
    if least == 0 or 0.999 * least <= whole <= 1.001 * most:
        return None
    return f"L1 norm {least:.6g} to {most:.6g}, not {whole:.6g}"


def _fault(merge: Merge, decoded: Decoded, probabilities: Sequence[Array]) -> str | None:
    if decoded.residual > RESIDUAL:
        return f"entries fit no set of kept models: misfit {decoded.residual:.2e} of the largest magnitude"
    for number, source in enumerate(merge.inputs):
        fault = _norm_fault(merge, decoded, number, probabilities[number])
        if fault and merge.densities[number] < 1:
            return f"{source.model}: {fault}"
    return None


def _count(merge: Merge, decoded: Decoded, probabilities: Sequence[Array], tallies: dict[str, Tally]) -> None:
    for number, source in enumerate(merge.inputs):
        density, probability = merge.densities[number], probabilities[number]
        if density >= 1:
            continue
        seen = _observable(merge, decoded.factors, number)
        for name, part in (
            ("small entries", probability <= density),
            ("large entries", probability > density),
        ):
            tally = tallies.setdefault(f"{source.model}, {name}", Tally())
            tally.add(decoded.masks[number][seen & part], probability[seen & part])


def compare_random(
    root: Path, recipe: dict[str, Any], place: Place, output: Array, tallies: dict[str, Tally]
) -> str | None:
    """Check one program's output of one tensor by itself, and count its kept entries by model."""
    merge = read_merge(root, recipe, place)
    probabilities = [keep_probabilities(merge, output.shape, number) for number in range(len(merge.inputs))]
    faults = []
    for factors in _factors(merge, output.reshape(-1)):
        decoded = decode(merge, output.reshape(-1), factors)
        fault = _fault(merge, decoded, probabilities)
        if fault is None:
            # The few coarse updates of a norm in bfloat16 can leave two sets that fit: matrices are counted.
            if output.ndim > 1:
                _count(merge, decoded, probabilities, tallies)
            return None
        faults.append(fault)
    return faults[0]
