"""Model Stock: from the base towards the mean, by the angle between the models."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.combination import linear_combination
from amalgam_worker.kernels.gram import gram_by_row
from amalgam_worker.kernels.sums import tree_sums
from amalgam_worker.methods.combinations import combined_deltas
from amalgam_worker.methods.method import (
    BLOCK,
    Chunk,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.methods.products import delta_products

# The smallest product of two norms that is divided by: relative to what float32 can hold, so that the small
# tensors of norm layers keep their angle.
_SMALLEST = torch.finfo(torch.float32).tiny
_UNDETERMINED = 1e-6


def measure(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    """Dot products of the task vectors, per block; [B, N, N]."""
    return [delta_products(chunk)]


def gather(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """The interpolation ratio; float64 [1]."""
    products = tree_sums(torch.cat([blocks for (blocks,) in partials]).permute(1, 2, 0))
    return {"ratio": interpolation_ratio(products).reshape(1)}


def measure_rows(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    """Dot products of the task vectors, for the rows that the block touches; [R, N, N]."""
    return [gram_by_row(chunk.deltas(), chunk.start, chunk.tensor.row_length, chunk.scratch)]


def gather_rows(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """The interpolation ratios; float64 [rows]."""
    columns, count = tensor.row_length, len(tensor.models)
    products = torch.zeros(tensor.elements // columns, count, count, dtype=torch.float64)
    for block, (product,) in enumerate(partials):
        row = block * BLOCK // columns
        products[row : row + len(product)] += product.cpu()
    return {"ratio": interpolation_ratio(products)}


def interpolation_ratio(products: torch.Tensor) -> torch.Tensor:
    """`t = N c / (1 + (N - 1) c)` with c the mean cosine over all pairs; 0 where the divisor vanishes.

    Source: Jang et al. 2024, arXiv:2403.19522, equation 5 for N models.

    Args:
        products: dot products of the task vectors, float64 [..., N, N].
    Returns:
        float64 [...]; not clamped: a negative mean cosine moves away from the models.
    """
    count = products.shape[-1]
    norms = products.diagonal(dim1=-2, dim2=-1).sqrt()
    scale = (norms.unsqueeze(-1) * norms.unsqueeze(-2)).clamp_min(_SMALLEST)
    first, second = torch.triu_indices(count, count, 1)
    cosine = (products / scale)[..., first, second].clamp(-1, 1).mean(-1)
    divisor = 1 + (count - 1) * cosine
    return torch.where(divisor.abs() < _UNDETERMINED, torch.zeros_like(cosine), count * cosine / divisor)


def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
    """`W_0 + t * (mean(W_i) - W_0)`."""
    count = len(chunk.stored_inputs)
    if not parameters.flag("filter_wise"):
        return combined_deltas(chunk, [float(statistics["ratio"]) / count] * count)
    assert chunk.base is not None
    mean = linear_combination(chunk.inputs, [1 / count] * count)
    return chunk.base.add_(mean.sub_(chunk.base).mul_(_spread(statistics["ratio"], chunk)))


def _spread(ratios: torch.Tensor, chunk: Chunk) -> torch.Tensor:
    """Each row's ratio for each of its elements in the chunk; [rows] to [n]."""
    columns = chunk.tensor.row_length
    first, last = chunk.start // columns, (chunk.start + chunk.elements - 1) // columns
    touched = ratios[first : last + 1].to(chunk.base)
    if first == last:
        return touched.expand(chunk.elements)
    skipped = chunk.start - first * columns
    return touched.repeat_interleave(columns)[skipped : skipped + chunk.elements]


def reductions(parameters: Parameters) -> tuple[Reduction, ...]:
    """The angles, of whole tensors or of rows."""
    if parameters.flag("filter_wise"):
        return (Reduction(measure_rows, gather_rows),)
    return (Reduction(measure, gather, "per chunk"),)


MODEL_STOCK = Method(shared=("filter_wise",), per_input=(), combine=combine, reductions=reductions)
