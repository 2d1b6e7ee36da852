"""Methods that need an angle: mergekit finds it from a float32 dot product, which loses digits.

Where the two programs differ by more than rounding, amalgam must agree with the formula in float64, and
mergekit must be off by no more than such an angle explains.
"""

from collections.abc import Sequence
from math import acos, sin
from pathlib import Path
from typing import Any

import numpy as np

from parity.comparisons.close import compare_close
from parity.comparisons.files import Array, exact
from parity.comparisons.settings import Place, parameter
from parity.comparisons.verdict import input_tensor

_ANGLE = 2e-5
"""Largest error relative to the largest magnitude that a float32 angle is allowed to cause upstream."""


def slerp(first: Array, second: Array, t: float, straight: float) -> Array:
    """Interpolate on the sphere, [n] each; closer than `straight` (a cosine) on the chord."""
    norms = np.linalg.norm(first) * np.linalg.norm(second)
    cosine = float(np.clip(first @ second / norms, -1, 1))
    if abs(cosine) > straight:
        return (1 - t) * first + t * second
    angle = acos(cosine)
    return np.asarray((sin((1 - t) * angle) * first + sin(t * angle) * second) / sin(angle))


def multislerp(values: Sequence[Array], weights: Sequence[float]) -> Array:
    """Weighted mean of [n] vectors in the tangent space at their mean direction, with normalised weights."""
    shares = np.array(weights) / sum(weights)
    norms = [np.linalg.norm(value) for value in values]
    units = [value / norm for value, norm in zip(values, norms, strict=True)]
    mean = sum(share * unit for share, unit in zip(shares, units, strict=True))
    mean /= np.linalg.norm(mean)
    tangent = sum(share * (unit - (unit @ mean) * mean) for share, unit in zip(shares, units, strict=True))
    length = float(np.linalg.norm(tangent)) + 1e-8
    direction = mean * np.cos(length) + tangent * np.sin(length) / length
    return np.asarray(direction * float(shares @ np.array(norms)))


def karcher(values: Sequence[Array], rounds: int, tolerance: float) -> Array:
    """Mean of [n] vectors on the sphere by fixed-point steps, scaled to their mean norm."""
    norms = [float(np.linalg.norm(value)) for value in values]
    units = [value / norm for value, norm in zip(values, norms, strict=True)]
    mean = np.mean(units, axis=0)
    mean /= np.linalg.norm(mean)
    for _ in range(rounds):
        step = np.zeros_like(mean)
        for unit in units:
            cosine = float(np.clip(mean @ unit, -1, 1))
            if acos(cosine) >= tolerance:
                step += acos(cosine) / sin(acos(cosine)) * (unit - cosine * mean) / len(units)
        length = float(np.linalg.norm(step))
        if length < tolerance:
            break
        mean = np.cos(length) * mean + np.sin(length) * step / length
        mean /= np.linalg.norm(mean)
    return np.asarray(np.mean(norms) * mean)


def _expected(root: Path, recipe: dict[str, Any], place: Place) -> Array:
    method = recipe["merge_method"]
    values = [exact(input_tensor(root, source.model, source.tensor)).reshape(-1) for source in place.inputs]
    if method == "slerp":
        based = next(n for n, source in enumerate(place.inputs) if source.model == recipe["base_model"])
        return slerp(values[based], values[1 - based], parameter(place, "t", None), 0.9995)
    if method == "karcher":
        return karcher(values, parameter(place, "max_iter", 10), parameter(place, "tol", 1e-5))
    weights = [parameter(place, "weight", None, source) for source in place.inputs]
    if method == "multislerp":
        return multislerp(values, weights)
    return slerp(values[0], values[1], weights[1] / sum(weights), 1 - 1e-12)


def compare_spherical(
    root: Path, recipe: dict[str, Any], place: Place, ours: Array, theirs: Array, tolerance: float
) -> str | None:
    """Equal, or amalgam equal to the formula and mergekit off by the error of its angle."""
    fault = compare_close(ours, theirs, tolerance)
    if fault is None:
        return None
    expected = _expected(root, recipe, place).reshape(ours.shape)
    if compare_close(ours, expected, tolerance) is None and compare_close(theirs, expected, _ANGLE) is None:
        return None
    off = [abs(value - expected).max() / abs(expected).max() for value in (ours, theirs)]
    return f"{fault}; from the formula: amalgam {off[0]:.1e}, mergekit {off[1]:.1e}"
