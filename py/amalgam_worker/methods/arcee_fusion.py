"""Arcee Fusion: only the changes that stand out are taken from the other model."""

from __future__ import annotations

import torch

from amalgam_worker.methods.cuts import cut_reductions, cut_values
from amalgam_worker.methods.method import (
    Chunk,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)

_QUARTILES = (0.25, 0.5, 0.75)
_SPREADS = 1.5
_SMALLEST_PROBABILITY = 1e-8


def measure_divergences(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    """Per row the divergence of the two models' weights, made probabilities by softmax; float64 [rows].

    It is a sum of differences of almost equal terms: float64 throughout, and never below zero.
    """
    assert chunk.base is not None
    rows = [values.view(-1, chunk.tensor.row_length) for values in (chunk.inputs[0], chunk.base)]
    other, base = (torch.softmax(row, 1, dtype=torch.float64).add_(_SMALLEST_PROBABILITY) for row in rows)
    return [torch.log(base.reciprocal_().mul_(other)).mul_(other).sum(1).clamp_min_(0)]


def gather_divergences(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """All rows' divergences; float32 [rows]."""
    return {"divergences": torch.cat([rows for (rows,) in partials]).to(torch.float32)}


def importance(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> list[torch.Tensor]:
    """The magnitude of each change times its row's divergence; one series, float32 [n]."""
    assert chunk.base is not None
    columns = chunk.tensor.row_length
    first = chunk.start // columns
    change = torch.sub(chunk.inputs[0], chunk.base, out=chunk.take("change")).abs_()
    result = chunk.take("importance", torch.float32).copy_(change)
    divergences = statistics["divergences"][first : first + chunk.elements // columns]
    result.view(-1, columns).mul_(divergences.to(result).unsqueeze(1))
    return [result]


def ranks(number: int, size: int, parameters: Parameters) -> list[int]:
    """The quartiles' places from the largest: those of index `trunc(q (n - 1))` in ascending order."""
    return [size - int(quartile * (size - 1)) for quartile in _QUARTILES]


def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
    """The other model's elements where the importance reaches `median + 1.5 (q75 - q25)`, else the base's.

    Source: Arcee Fusion, as mergekit documents it. The quartiles are those of all elements.
    """
    assert chunk.base is not None
    low, middle, high = cut_values(statistics["cuts"][0])
    threshold = float(middle + _SPREADS * (high - low))
    (values,) = importance(chunk, statistics, parameters)
    # What is not a number is not below either: it is taken, and found in the output.
    return torch.where(values < threshold, chunk.base, chunk.inputs[0])


ARCEE_FUSION = Method(
    shared=(),
    per_input=(),
    combine=combine,
    reductions=lambda parameters: (
        Reduction(measure_divergences, gather_divergences, "per chunk"),
        *cut_reductions(importance, ranks),
    ),
    whole=lambda tensor, parameters: tensor.row_length,
)
