"""Methods that keep a number of entries by rank: entries tied at the cut may differ, and no others.

Which of several equal magnitudes is kept is arbitrary upstream. Both outputs must therefore be, entry for
entry, what the formula gives for some choice among the tied ones (in float64, from the checkpoints).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from parity.comparisons.close import compare_close
from parity.comparisons.family import Mask, Merge, combinations, merged, read_merge, rescale_factor
from parity.comparisons.files import Array
from parity.comparisons.settings import Place, parameter
from parity.comparisons.verdict import farthest, scale_of

# Votes that cancel to within this share: float32 elects a sign by its rounding.
_EVEN = 1e-6


def kept_range(merge: Merge, number: int) -> tuple[int, int]:
    """Positions, in ascending order of magnitude, of the entries that one model keeps."""
    size, density = merge.base.size, merge.densities[number]
    if density >= 1:
        return 0, size
    count = int(density * size)
    if merge.method == "ties":
        count = max(1, count) if density > 0 else 0
        return size - count, size
    dropped = int(parameter(merge.place, "gamma", 0.01, merge.inputs[number]) * size)
    first = max(0, size - count - dropped)
    return first, first + count


def sure_and_tied(magnitudes: Array, first: int, end: int) -> tuple[Mask, Mask]:
    """Entries kept whichever way ties go, and entries that depend on it, when positions [first, end) stay."""
    if first >= end:
        return np.zeros(magnitudes.size, bool), np.zeros(magnitudes.size, bool)
    ascending = np.sort(magnitudes)
    low, high = ascending[first], ascending[end - 1]
    inside = (magnitudes >= low) & (magnitudes <= high)
    tied = np.zeros(magnitudes.size, bool)
    if first > 0 and ascending[first - 1] == low:
        tied |= magnitudes == low
    if end < magnitudes.size and ascending[end] == high:
        tied |= magnitudes == high
    return inside & ~tied, tied


def _factors(merge: Merge, ranges: Sequence[tuple[int, int]]) -> list[float]:
    """Rescale factors: tied entries have equal magnitudes, so the choice among them does not matter."""
    if not merge.rescale:
        return [1.0] * len(ranges)
    return [
        rescale_factor(delta, np.sort(abs(delta))[first:end])
        for delta, (first, end) in zip(merge.deltas, ranges, strict=True)
    ]


def _unexplained(merge: Merge, outputs: Sequence[Array], tolerance: float) -> tuple[Mask, Mask]:
    """Entries of either output that no choice among ties gives, and entries that such a choice touches."""
    ranges = [kept_range(merge, number) for number in range(len(merge.deltas))]
    factors = _factors(merge, ranges)
    sides = [sure_and_tied(abs(d), *r) for d, r in zip(merge.deltas, ranges, strict=True)]
    even = np.zeros(merge.base.size, bool)
    explained = [np.zeros(merge.base.size, bool) for _ in outputs]
    for choice in combinations(len(sides)):
        masks = [sure | (tied & keep) for (sure, tied), keep in zip(sides, choice, strict=True)]
        low, expected, high = (merged(merge, masks, factors, balance) for balance in (-_EVEN, 0.0, _EVEN))
        even |= low != high
        for seen, output in zip(explained, outputs, strict=True):
            for value in (low, expected, high):
                seen |= abs(output - value) <= tolerance * scale_of(expected)
    touched = np.logical_or.reduce([even, *(tied for _, tied in sides)])
    return ~np.logical_and.reduce(explained), touched


def _count_fault(merge: Merge, outputs: Sequence[Array]) -> str | None:
    """With one model, the entries that are kept are those that differ from the base: count them."""
    first, end = kept_range(merge, 0)
    if len(merge.deltas) > 1 or first >= end or np.sort(abs(merge.deltas[0]))[first] == 0:
        return None
    counts = [int(np.count_nonzero(output - merge.base)) for output in outputs]
    if counts == [end - first] * 2:
        return None
    return f"{end - first} entries to keep, amalgam {counts[0]}, mergekit {counts[1]}"


def compare_top_k(
    root: Path, recipe: dict[str, Any], place: Place, ours: Array, theirs: Array, tolerance: float
) -> str | None:
    """Check both outputs against the formula, and that they differ from each other at ties only."""
    merge = read_merge(root, recipe, place)
    fault = _count_fault(merge, [ours.reshape(-1), theirs.reshape(-1)])
    if fault:
        return fault
    unexplained, touched = _unexplained(merge, [ours.reshape(-1), theirs.reshape(-1)], tolerance)
    if unexplained.any():
        where = int(unexplained.argmax())
        said = f"{int(unexplained.sum())} entries fit no choice among ties, first {where}"
        return f"{said}; {farthest(ours, theirs)}"
    outside = np.where(touched, 0.0, (ours - theirs).reshape(-1))
    return compare_close(outside + theirs.reshape(-1), theirs.reshape(-1), tolerance)
