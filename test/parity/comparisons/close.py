"""Tensors that are determined by the formula: equal up to the rounding of float32."""

from parity.comparisons.files import Array
from parity.comparisons.verdict import farthest, scale_of


def compare_close(ours: Array, theirs: Array, tolerance: float) -> str | None:
    """What differs by more than `tolerance` relative to the largest magnitude; None if nothing does."""
    apart = abs(ours - theirs) > tolerance * scale_of(theirs)
    # NaN compares false with everything, so what is not within the tolerance is asked for.
    if not apart.any() and not ((ours != ours) != (theirs != theirs)).any():
        return None
    return farthest(ours, theirs)
