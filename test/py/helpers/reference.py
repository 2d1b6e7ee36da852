"""The methods once more, straight from their definitions: float64, numpy, whole tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from helpers.reference_masks import breadcrumbs, della, keep_probability, largest_mask, random_mask

Array = NDArray[np.float64]
Doubt = NDArray[np.bool_]
Values = Mapping[str, bool | float | str]


def exact(tensor: torch.Tensor) -> Array:
    """A tensor's values as float64."""
    return np.asarray(tensor.to(torch.float64).numpy())


def linear(inputs: Sequence[Array], weights: Sequence[float], normalize: bool) -> Array:
    total = sum(weight * values for weight, values in zip(weights, inputs, strict=True))
    return np.asarray(total / sum(weights) if normalize else total)


def slerp(base: Array, other: Array, t: float, norm: str = "preserve") -> Array:
    a, b = base.reshape(-1), other.reshape(-1)
    norms = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    unit_a = a / norms[0] if norms[0] > 1e-8 else a
    unit_b = b / norms[1] if norms[1] > 1e-8 else b
    cosine = np.clip(np.dot(unit_a, unit_b), -1, 1)
    angle = math.acos(cosine)
    factors = 1 - t, t
    if abs(cosine) <= 0.9995:
        factors = math.sin((1 - t) * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle)
    if norm == "preserve":
        return factors[0] * base + factors[1] * other
    point = (factors[0] * unit_a + factors[1] * unit_b).reshape(base.shape)
    return point if norm == "unit" else np.asarray(point * ((1 - t) * norms[0] + t * norms[1]))


def model_stock(base: Array, inputs: Sequence[Array], filter_wise: bool) -> Array:
    if filter_wise and base.ndim > 1:
        rows = base.reshape(-1, base.shape[-1])
        others = [values.reshape(rows.shape) for values in inputs]
        merged = [model_stock(row, [other[i] for other in others], False) for i, row in enumerate(rows)]
        return np.array(merged).reshape(base.shape)
    deltas = [(values - base).reshape(-1) for values in inputs]
    cosines = []
    for i in range(len(deltas)):
        for j in range(i):
            scale = np.linalg.norm(deltas[i]) * np.linalg.norm(deltas[j])
            cosines.append(np.dot(deltas[i], deltas[j]) / scale if scale > 0 else 0.0)
    cosine, count = float(np.mean(cosines)), len(deltas)
    divisor = 1 + (count - 1) * cosine
    t = 0.0 if abs(divisor) < 1e-6 else count * cosine / divisor
    return np.asarray(t * np.mean(inputs, axis=0) + (1 - t) * base)


def sparsified(method: str, delta: Array, parameters: Values, key: tuple[int, int, str]) -> Array:
    density = float(parameters["density"])
    if method == "task_arithmetic" or density >= 1:
        return delta
    if density <= 0:
        return np.zeros_like(delta)
    if method == "ties":
        return delta * largest_mask(delta, density)
    if method.startswith("breadcrumbs"):
        return breadcrumbs(delta, density, float(parameters["gamma"]))
    if method.startswith("della"):
        return della(delta, density, float(parameters["epsilon"]), key)
    return delta * random_mask(*key, delta.shape, density)


def task_arithmetic_family(
    method: str,
    base: Array,
    inputs: Sequence[Array],
    shared: Values,
    per_input: Sequence[Values],
    *,
    seed: int,
    name: str,
    masks: Mapping[int, Doubt] | None = None,
) -> tuple[Array, Doubt]:
    """The merged tensor, and where the elected sign hangs on rounding (False everywhere without election).

    Args:
        masks: what is kept of some inputs, by their numbers, whatever the method would keep.
    """
    weights = [float(values["weight"]) for values in per_input]
    flags = {True: "l1", False: "none"}
    rescale = flags[shared["rescale"]] if isinstance(shared["rescale"], bool) else shared["rescale"]
    elects = method.endswith("ties") or method == "della"
    by_weight = shared.get("dialect", "mergekit") == "mergekit"
    voters, terms = [], []
    for model, (values, parameters) in enumerate(zip(inputs, per_input, strict=True)):
        delta, density = values - base, float(parameters["density"])
        given = None if masks is None else masks.get(model)
        kept = sparsified(method, delta, parameters, (seed, model, name)) if given is None else delta * given
        voters.append(kept)
        before, after = np.abs(delta).sum(), np.abs(kept).sum()
        ran = method != "task_arithmetic" and 0 < density < 1
        if rescale == "l1" and ran and before >= 1e-7 and after >= 1e-7:
            kept = kept * (before / after)
        elif rescale == "inverse_density" and ran:
            kept = kept / density
        elif rescale == "per_element" and ran:
            kept = kept / keep_probability(delta, density, float(parameters["epsilon"]))
        terms.append(kept * weights[model])
    total = np.asarray(sum(terms))
    doubtful = np.zeros(total.shape, dtype=bool)
    if elects:
        voters = terms if by_weight else voters
        votes = np.asarray(sum(voters))
        doubtful = (np.abs(votes) < 1e-6 * sum(np.abs(voter) for voter in voters)) & (votes != 0)
        majority = 1.0 if np.sign(votes).sum() > 0 or shared.get("dialect") != "paper" else -1.0
        sign = np.where(votes == 0, majority, np.sign(votes))
        agreeing = [np.sign(voter) == sign for voter in voters]
        total = np.asarray(sum(term * mask for term, mask in zip(terms, agreeing, strict=True)))
        shares = weights if by_weight else [1.0] * len(weights)
        divisor = np.asarray(sum(share * mask for share, mask in zip(shares, agreeing, strict=True)))
        divisor = np.where(np.abs(divisor) < 1e-7, 1.0, divisor)
    else:
        divisor = np.asarray(1.0 if abs(sum(weights)) < 1e-8 else sum(weights))
    if shared["normalize"]:
        total = total / divisor
    return base + float(shared["lambda"]) * total, doubtful
