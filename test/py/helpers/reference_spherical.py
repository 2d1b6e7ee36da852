"""Means on the sphere, vector by vector: float64, numpy, nothing but the definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from helpers.reference import Array, Doubt


def nuslerp(a: Array, b: Array, t: float) -> Array:
    """Two vectors of any shape."""
    norms = [max(float(np.linalg.norm(values)), 1e-7) for values in (a, b)]
    cosine = float(np.clip(np.sum(a * b) / (norms[0] * norms[1]), -1, 1))
    if abs(float(np.float32(cosine))) == 1:
        return (1 - t) * a + t * b
    angle = math.acos(cosine)
    return np.asarray((math.sin((1 - t) * angle) * a + math.sin(t * angle) * b) / math.sin(angle))


def is_unstable(a: Array, b: Array) -> bool:
    """Whether the two are so nearly opposite that float32 differences say little of their plane."""
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    return scale > 0 and -1 + 1e-3 > float(np.sum(a * b)) / scale > -1 + 1e-15


def nuslerp_by(a: Array, b: Array, t: float, *, flatten: bool, row_wise: bool) -> tuple[Array, Doubt]:
    """The result, and where it hangs on rounding."""
    if flatten or a.size == 0:
        return nuslerp(a, b, t), np.full(a.shape, is_unstable(a, b))
    if row_wise and a.ndim > 1:
        swapped = nuslerp_by(np.swapaxes(a, 0, -1), np.swapaxes(b, 0, -1), t, flatten=False, row_wise=False)
        return np.swapaxes(swapped[0], 0, -1), np.swapaxes(swapped[1], 0, -1)
    columns = a.shape[-1] if a.ndim else 1
    rows = list(zip(a.reshape(-1, columns), b.reshape(-1, columns), strict=True))
    doubts = np.repeat([is_unstable(one, other) for one, other in rows], columns)
    merged = np.stack([nuslerp(one, other, t) for one, other in rows])
    return merged.reshape(a.shape), doubts.reshape(a.shape)


def multislerp(vectors: Sequence[Array], weights: Sequence[float], normalize: bool, eps: float) -> Array:
    """By the tangents themselves, even though their mean is zero."""
    if len(vectors) == 1:
        return vectors[0]
    share = np.asarray(weights) / (sum(weights) if normalize else 1)
    norms = [float(np.linalg.norm(values)) for values in vectors]
    units = [values / (norm + eps) for values, norm in zip(vectors, norms, strict=True)]
    mean = np.asarray(sum(w * u for w, u in zip(share, units, strict=True)))
    if np.linalg.norm(mean) < eps:
        return np.asarray(sum(w * values for w, values in zip(share, vectors, strict=True)))
    mean = mean / np.linalg.norm(mean)
    tangents = [unit - np.sum(unit * mean) * mean for unit in units]
    step = np.asarray(sum(w * tangent for w, tangent in zip(share, tangents, strict=True)))
    length = float(np.linalg.norm(step)) + eps
    point = mean * math.cos(length) + step * (math.sin(length) / length)
    return np.asarray(point * sum(w * norm for w, norm in zip(share, norms, strict=True)))


def karcher(vectors: Sequence[Array], iterations: int, tolerance: float) -> Array:
    norms = np.array([np.linalg.norm(values) for values in vectors])
    units = [values / norm for values, norm in zip(vectors, norms, strict=True) if norm > tolerance]
    if not units:
        return np.zeros_like(vectors[0])
    mean = np.asarray(sum(units)) / len(units)
    mean = units[0] if np.linalg.norm(mean) < tolerance else mean / np.linalg.norm(mean)
    for _ in range(iterations):
        step = np.zeros_like(mean)
        for unit in units:
            reached = float(np.clip(np.sum(mean * unit), -1, 1))
            angle = math.acos(reached)
            if angle >= tolerance and math.pi - angle >= 1e-6:
                step = step + angle / math.sin(angle) / len(units) * (unit - reached * mean)
        length = float(np.linalg.norm(step))
        if length < tolerance:
            break
        mean = math.cos(length) * mean + math.sin(length) / length * step
        mean = mean / np.linalg.norm(mean)
    return np.asarray(mean * norms.mean())
