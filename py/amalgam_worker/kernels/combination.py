"""Linear combinations of vectors."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from amalgam_worker.native import combination as native


def linear_combination(
    vectors: Sequence[torch.Tensor], coefficients: Sequence[float], base: torch.Tensor | None = None
) -> torch.Tensor:
    """`sum_i(c_i * W_i)`, or with a base `W_0 + sum_i(c_i * (W_i - W_0))`.

    Args:
        vectors: N of shape [n]; overwritten, as may be the base.
        coefficients: N.
    Returns:
        [n], in the place of one of them.
    """
    call = native.COMBINE.serving(vectors[0])
    if call is None:
        return eager_linear_combination(vectors, coefficients, base)
    return native.combine(call, vectors, coefficients, base, vectors[0])


def eager_linear_combination(
    vectors: Sequence[torch.Tensor], coefficients: Sequence[float], base: torch.Tensor | None
) -> torch.Tensor:
    """`linear_combination` by torch."""
    if base is not None:
        for vector in vectors:
            vector.sub_(base)
    result = vectors[0].mul_(coefficients[0])
    for vector, coefficient in zip(vectors[1:], coefficients[1:], strict=True):
        # Halves of bfloat16 steps are common in averages: mergekit rounds product and sum at once, too.
        result.add_(vector, alpha=coefficient)
    return result if base is None else base.add_(result)
