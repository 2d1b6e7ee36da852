"""Methods whose result is a linear combination of their inputs: their dot products are all that matters."""

from __future__ import annotations

from collections.abc import Callable

import torch

from amalgam_worker.kernels.sums import tree_sums
from amalgam_worker.methods.combinations import combined_deltas
from amalgam_worker.methods.method import (
    Chunk,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.methods.products import delta_products


def coefficients_reduction(solve: Callable[[torch.Tensor, Parameters], torch.Tensor]) -> Reduction:
    """The pass that finds the coefficients.

    Args:
        solve: from the dot products of the inputs, or of the task vectors if there is a base, float64 [N, N],
            to one coefficient per input, float64 [N].
    """

    def measure(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
        return [delta_products(chunk)]

    def gather(
        partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
    ) -> Statistics:
        products = tree_sums(torch.cat([blocks for (blocks,) in partials]).permute(1, 2, 0)).cpu()
        return {"coefficients": solve(products, parameters)}

    return Reduction(measure, gather, "per chunk")


def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
    """`sum_i(c_i * W_i)`, or with a base `W_0 + sum_i(c_i * (W_i - W_0))`."""
    return combined_deltas(chunk, statistics["coefficients"].tolist())
