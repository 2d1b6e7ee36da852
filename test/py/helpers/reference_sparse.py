"""Methods that add chosen entries to a base, from their definitions: float64, numpy, whole tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from helpers.reference import Array, Doubt


def sce(base: Array, inputs: Sequence[Array], select_topk: float) -> tuple[Array, Doubt]:
    """The merged tensor, and where the elected sign or the selection hangs on rounding."""
    deltas = np.stack([values - base for values in inputs])
    doubtful = np.zeros(base.shape, dtype=bool)
    if select_topk < 1:
        variance = np.where(np.all(deltas == deltas[0], axis=0), 0, deltas.var(axis=0))
        count = int(np.count_nonzero(variance) * select_topk)
        order = np.argsort(-variance.reshape(-1).astype(np.float32), kind="stable")
        mask = np.zeros(base.size, dtype=bool)
        mask[order[:count]] = True
        deltas = deltas * mask.reshape(base.shape)
        if count:
            cut = variance.reshape(-1)[order[count - 1]]
            near = np.abs(variance - cut) <= 1e-6 * cut
            doubtful = near & (variance.astype(np.float32) != np.float32(cut))
    total = deltas.sum(axis=0)
    doubtful = doubtful | (np.abs(total) < 1e-6 * np.abs(deltas).sum(axis=0)) & (total != 0)
    agree = np.sign(deltas) == np.where(total >= 0, 1.0, -1.0)
    energies = np.array([np.mean(delta**2) if delta.size else 0.0 for delta in deltas])
    share = energies / energies.sum() if energies.sum() >= 1e-6 else np.full(len(inputs), 1 / len(inputs))
    weights = share.reshape(-1, *[1] * base.ndim)
    divisor = np.maximum((weights * agree).sum(axis=0), 1e-6)
    return base + (deltas * weights * agree).sum(axis=0) / divisor, doubtful


def nearswap(base: Array, other: Array, t: float) -> Array:
    share = np.clip(t / np.maximum(np.abs(base - other), 1e-6), 0, 1)
    return np.asarray(share * other + (1 - share) * base)


def arcee_fusion(base: Array, other: Array) -> tuple[Array, Doubt]:
    """The merged tensor, and where the importance is at the threshold but for rounding."""
    if base.size == 0:
        return base, np.zeros(base.shape, dtype=bool)
    columns = base.shape[-1] if base.ndim else 1
    p, q = (_softmax(values.reshape(-1, columns)) + 1e-8 for values in (other, base))
    divergences = np.maximum((p * np.log(p / q)).sum(axis=1, keepdims=True), 0)
    importance = (np.abs(other - base).reshape(-1, columns) * divergences).reshape(base.shape)
    ascending = np.sort(importance.reshape(-1))
    low, middle, high = (ascending[int(q * (base.size - 1))] for q in (0.25, 0.5, 0.75))
    threshold = middle + 1.5 * (high - low)
    doubtful = (np.abs(importance - threshold) <= 1e-5 * threshold) & (importance != threshold)
    return np.where(importance >= threshold, other, base), doubtful


def _softmax(rows: Array) -> Array:
    powers = np.exp(rows - rows.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def ram(base: Array, inputs: Sequence[Array], epsilon: float, boost: tuple[float, float] | None) -> Array:
    """RAM, or with (r, alpha) RAM+ of one tensor."""
    deltas = [values - base for values in inputs]
    active = [np.abs(delta) > np.float32(epsilon) for delta in deltas]
    count = np.sum(active, axis=0)
    total = np.zeros_like(base)
    for delta, mask in zip(deltas, active, strict=True):
        factor = 1.0
        shared, unique = np.sum(mask & (count > 1)), np.sum(mask & (count == 1))
        if boost is not None and unique > 0:
            factor = 1 + boost[0] * min(max(shared / max(unique, epsilon), 0), boost[1])
        total = total + np.where(mask, delta * np.where(count == 1, factor, 1 / np.maximum(count, 1)), 0)
    return base + total
