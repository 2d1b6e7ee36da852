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
    for vector, coefficient in zip(vectors, coefficients, strict=True):
        if base is not None:
            vector.sub_(base)
        # A product and a sum, rounded apart: where they are fused is not the same everywhere.
        vector.mul_(coefficient)
    result = vectors[0]
    for vector in vectors[1:]:
        result.add_(vector)
    return result if base is None else base.add_(result)
