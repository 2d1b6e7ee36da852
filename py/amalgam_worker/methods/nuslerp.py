"""Spherical interpolation of two models, or of two task vectors, as whole tensors, by row or by column."""

from __future__ import annotations

from math import prod

import torch

from amalgam_worker.kernels.column_sums import add_column_sums, column_sums
from amalgam_worker.kernels.gram import gram_by_row
from amalgam_worker.methods.method import (
    Chunk,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.methods.span import coefficients_reduction, combine

_SMALLEST_NORM = 1e-7
_SMALLEST_WEIGHT = 1e-6
_PARALLEL = 1e-16


def position(parameters: Parameters) -> float:
    """Where between the two the result lies: the second's share of the weights, half if these cancel out."""
    first, second = parameters.each("weight")
    total = first + second
    return 0.5 if abs(total) < _SMALLEST_WEIGHT else second / total


def factors(squares: torch.Tensor, dots: torch.Tensor, t: float) -> torch.Tensor:
    """The factors of the two ends at position t of the arc between them.

    Cosines are rounded to float32 before they are found to be 1 or -1: what is nearer to parallel than that
    lies on a straight line, and no arc is made of rounding errors between opposite vectors.

    Source: Shoemake 1985, "Animating rotation with quaternion curves".

    Args:
        squares: squared norms, float64 [2, ...].
        dots: dot products, float64 [...].
    Returns:
        float64 [2, ...]; they multiply the vectors as they are, not their unit vectors.
    """
    first, second = squares.sqrt().clamp_min(_SMALLEST_NORM)
    cosine = (dots / (first * second)).clamp(-1, 1)
    parallel = 1 - cosine.to(torch.float32).to(torch.float64).square() <= _PARALLEL
    angle = torch.where(parallel, torch.ones_like(cosine), cosine.acos())
    arc = torch.stack([((1 - t) * angle).sin(), (t * angle).sin()]) / angle.sin()
    line = torch.tensor([1 - t, t], dtype=arc.dtype, device=arc.device).reshape(2, *[1] * dots.dim())
    return torch.where(parallel, line, arc)


def solve(products: torch.Tensor, parameters: Parameters) -> torch.Tensor:
    """The coefficients of two whole tensors; float64 [2]."""
    return factors(products.diagonal(), products[0, 1], position(parameters))


def row_length(facts: TensorFacts, parameters: Parameters) -> int | None:
    """The last dimension where rows are interpolated each for itself; a vector is one row."""
    by_row = not parameters.flag("nuslerp_flatten") and not parameters.flag("nuslerp_row_wise")
    return facts.row_length if by_row else None


def column_count(facts: TensorFacts) -> int:
    """Number of vectors along the first dimension; a vector is one column."""
    return prod(facts.shape[1:])


def measure_columns(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    """Squared norms of both and dot products, summed over what the block has of each column; [3, m]."""
    first, second = (values.to(torch.float64) for values in chunk.deltas())
    products = torch.stack([first * first, second * second, first * second])
    return [column_sums(products, column_count(chunk.tensor))]


def fold_columns(statistics: Statistics, partial: Partial, start: int, facts: TensorFacts) -> None:
    """Adds a block's sums to those of the blocks before it; float64 [3, columns]."""
    if "columns" not in statistics:
        statistics["columns"] = torch.zeros(3, column_count(facts), dtype=torch.float64)
    add_column_sums(statistics["columns"], partial[0].cpu(), start)


def gather_columns(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """Each column's two factors; float64 [2, columns], in the place of the sums."""
    sums = statistics.pop("columns")
    return {"factors": factors(sums[:2], sums[2], position(parameters))}


def interpolate(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
    """The two, or the base and its two task vectors, combined with the factors of tensor, column or row."""
    if "coefficients" in statistics:
        return combine(chunk, statistics, parameters)
    first, second = chunk.deltas()
    if "factors" in statistics:
        columns = column_count(chunk.tensor)
        places = torch.arange(chunk.start, chunk.start + chunk.elements).remainder_(columns)
        first_factors, second_factors = statistics["factors"].index_select(1, places).to(first)
        result = first.mul_(first_factors).add_(second.mul_(second_factors))
    else:
        columns = chunk.tensor.row_length
        rows = [values.view(-1, columns) for values in (first, second)]
        products = gram_by_row([first, second], 0, columns, chunk.scratch)
        squares = products.diagonal(dim1=1, dim2=2).T
        by_row = factors(squares, products[:, 0, 1], position(parameters)).to(first)
        result = rows[0].mul_(by_row[0, :, None]).add_(rows[1].mul_(by_row[1, :, None])).view(-1)
    return result if chunk.base is None else chunk.base.add_(result)


def reductions(parameters: Parameters) -> tuple[Reduction, ...]:
    """Rows need none: they are whole in a chunk."""
    if parameters.flag("nuslerp_flatten"):
        return (coefficients_reduction(solve),)
    if parameters.flag("nuslerp_row_wise"):
        return (Reduction(measure_columns, gather_columns, fold=fold_columns),)
    return ()


NUSLERP = Method(
    shared=("nuslerp_flatten", "nuslerp_row_wise"),
    per_input=("weight",),
    combine=interpolate,
    reductions=reductions,
    whole=row_length,
)
