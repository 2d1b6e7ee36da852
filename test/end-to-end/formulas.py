"""Merge methods on whole tensors in float64 numpy, for the checker: those off the beaten track."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Settings = dict[str, Any]
Tensors = dict[str, np.ndarray]


def arc(a: np.ndarray, b: np.ndarray, t: float) -> np.ndarray:
    """From a to b on the sphere, with the vectors' own lengths."""
    norms = [max(float(np.linalg.norm(x)), 1e-7) for x in (a, b)]
    cosine = max(-1.0, min(1.0, float((a * b).sum()) / (norms[0] * norms[1])))
    if np.float32(abs(cosine)) == 1:
        return (1 - t) * a + t * b
    angle = math.acos(cosine)
    return (math.sin((1 - t) * angle) * a + math.sin(t * angle) * b) / math.sin(angle)


def nuslerp(a: np.ndarray, b: np.ndarray, s: Settings) -> np.ndarray:
    first, second = s["weight"]
    t = second / (first + second)
    if s.get("nuslerp_flatten", True):
        return arc(a, b, t)
    if s.get("nuslerp_row_wise", False):
        rows = nuslerp(a.swapaxes(0, -1), b.swapaxes(0, -1), {**s, "nuslerp_row_wise": False})
        return rows.swapaxes(0, -1)
    rows = [arc(x, y, t) for x, y in zip(*(m.reshape(-1, m.shape[-1]) for m in (a, b)), strict=True)]
    return np.stack(rows).reshape(a.shape)


def multislerp(vectors: list[np.ndarray], s: Settings) -> np.ndarray:
    weights, eps = np.array(s["weight"], dtype=float), s.get("eps", 1e-8)
    if s.get("normalize_weights", True):
        weights = weights / weights.sum()
    norms = [float(np.linalg.norm(x)) for x in vectors]
    units = [x / (norm + eps) for x, norm in zip(vectors, norms, strict=True)]
    mean = sum(w * u for w, u in zip(weights, units, strict=True))
    length = float(np.linalg.norm(mean))
    if length < eps:
        return sum(w * x for w, x in zip(weights, vectors, strict=True))
    mean = mean / length
    tangent = sum(w * (u - (u * mean).sum() * mean) for w, u in zip(weights, units, strict=True))
    step = float(np.linalg.norm(tangent)) + eps
    point = mean * math.cos(step) + tangent * math.sin(step) / step
    return point * float(weights @ norms)


def karcher(vectors: list[np.ndarray], s: Settings) -> np.ndarray:
    limit = s.get("tol", 1e-5)
    norms = [float(np.linalg.norm(x)) for x in vectors]
    units = [x / norm for x, norm in zip(vectors, norms, strict=True) if norm > limit]
    if not units:
        return np.zeros_like(vectors[0])
    mean = sum(units) / len(units)
    mean = mean / np.linalg.norm(mean)
    for _ in range(s.get("max_iter", 10)):
        pull = np.zeros_like(mean)
        for unit in units:
            cosine = max(-1.0, min(1.0, float((unit * mean).sum())))
            angle = math.acos(cosine)
            if angle >= limit:
                pull = pull + angle / math.sin(angle) / len(units) * (unit - cosine * mean)
        length = float(np.linalg.norm(pull))
        if length < limit:
            break
        mean = math.cos(length) * mean + math.sin(length) * pull / length
        mean = mean / np.linalg.norm(mean)
    return mean * float(np.mean(norms))


def trimmed(base: Tensors, model: Tensors, density: float) -> Tensors:
    """TIES' paper: all but the int(density * n) largest changes of the model as a whole are taken back.

    Among equal ones those of the tensor whose name sorts first, and there of lowest index, are kept.
    """
    names = sorted(base)
    changes = np.concatenate([(model[name] - base[name]).reshape(-1) for name in names])
    kept = np.zeros(changes.size, dtype=bool)
    kept[np.argsort(-np.abs(changes), kind="stable")[: max(1, int(density * changes.size))]] = True
    parts = np.split(kept, np.cumsum([base[name].size for name in names])[:-1])
    masks = [part.reshape(base[name].shape) for name, part in zip(names, parts, strict=True)]
    return {n: np.where(mask, model[n], base[n]) for n, mask in zip(names, masks, strict=True)}


def elected_alike(deltas: list[np.ndarray], weights: list[float], normalize: bool) -> np.ndarray:
    """TIES' paper: one vote each; draws go to the sign of most elements of the tensor, or minus."""
    votes = np.sign(sum(deltas))
    sign = np.where(votes == 0, 1 if votes.sum() > 0 else -1, votes)
    agree = [np.sign(delta) == sign for delta in deltas]
    total = sum(w * np.where(a, d, 0) for w, a, d in zip(weights, agree, deltas, strict=True))
    return total / np.maximum(sum(agree), 1) if normalize else total


def between(delta: np.ndarray, density: float, gamma: float) -> np.ndarray:
    """Breadcrumbs: without the int(gamma * n) largest and without all but int(density * n) of the rest."""
    if density >= 1:
        return delta
    flat, kept = delta.reshape(-1), int(density * delta.size)
    start = min(int(gamma * flat.size), flat.size - kept)
    chosen = np.argsort(-np.abs(flat), kind="stable")[start : start + kept]
    result = np.zeros_like(flat)
    result[chosen] = flat[chosen]
    return result.reshape(delta.shape)


def keep_probability(delta: np.ndarray, density: float, epsilon: float) -> np.ndarray:
    """DELLA: from density - epsilon for a row's smallest entry to density + epsilon for its largest."""
    rows = np.abs(delta.reshape(delta.shape[0] if delta.ndim > 1 else 1, -1))
    ranks = rows.argsort(axis=1, kind="stable").argsort(axis=1)
    spread = ranks / max(rows.shape[1] - 1, 1) * 2 - (rows.shape[1] > 1)
    return (density + epsilon * spread).reshape(-1)


def sce(base: np.ndarray, models: list[np.ndarray], s: Settings) -> np.ndarray:
    deltas = np.stack([model - base for model in models])
    share = s.get("select_topk", 1)
    if share < 1:
        variance = deltas.var(axis=0).reshape(-1).astype(np.float32)
        selected = np.argsort(-variance, kind="stable")[: int(np.count_nonzero(variance) * share)]
        mask = np.zeros(base.size)
        mask[selected] = 1
        deltas = deltas * mask.reshape(base.shape)
    energy = np.array([(delta**2).mean() for delta in deltas])
    weights = energy / energy.sum() if energy.sum() >= 1e-6 else np.full(len(models), 1 / len(models))
    agree = np.sign(deltas) == np.where(deltas.sum(axis=0) >= 0, 1, -1)
    total = sum(w * d * m for w, d, m in zip(weights, deltas, agree, strict=True))
    return base + total / np.maximum(sum(w * m for w, m in zip(weights, agree, strict=True)), 1e-6)


def nearswap(base: np.ndarray, other: np.ndarray, t: float) -> np.ndarray:
    q = np.clip(t / np.maximum(np.abs(other - base), 1e-6), 0, 1)
    return (1 - q) * base + q * other


def arcee_fusion(base: np.ndarray, other: np.ndarray) -> np.ndarray:
    def probabilities(x: np.ndarray) -> np.ndarray:
        powers = np.exp(x - x.max(axis=-1, keepdims=True))
        return powers / powers.sum(axis=-1, keepdims=True) + 1e-8

    p, q = probabilities(other), probabilities(base)
    importance = np.abs(other - base) * (p * np.log(p / q)).sum(axis=-1, keepdims=True).clip(0)
    ascending = np.sort(importance, axis=None)
    low, middle, high = (ascending[int(part * (base.size - 1))] for part in (0.25, 0.5, 0.75))
    return np.where(importance >= middle + 1.5 * (high - low), other, base)


def ram(base: np.ndarray, models: list[np.ndarray], s: Settings, boosted: bool) -> np.ndarray:
    deltas = np.stack([model - base for model in models])
    active = np.abs(deltas) > s.get("epsilon", 1e-5)
    count = active.sum(axis=0)
    total = np.zeros_like(base)
    for delta, mask in zip(deltas, active, strict=True):
        shared, unique = int((mask & (count > 1)).sum()), int((mask & (count == 1)).sum())
        overlap = min(shared / max(unique, 1e-5), s.get("alpha", 0.2))
        factor = 1 + s.get("r", 0.1) * overlap if boosted else 1
        total += delta * mask * np.where(count == 1, factor, 1 / np.maximum(count, 1))
    return base + total
