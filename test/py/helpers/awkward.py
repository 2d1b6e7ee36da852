"""Awkward models, and a check of what a method makes of them through the engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from helpers.plans import Tensors
from helpers.reference import Array, Doubt, Values, exact
from helpers.run import plan_method, run_plan

SHAPES = {
    "matrix": (70, 33),
    "vector": (5,),
    "one": (1,),
    "scalar": (),
    "empty": (0, 3),
    "three dimensions": (3, 4, 5),
    "across blocks": (3, 65_537),
    "whole blocks": (2, 65_536),
}


def awkward_models(count: int, dtype: torch.dtype, spread: float = 0.02) -> list[dict[str, torch.Tensor]]:
    """A base and fine-tunes of it; in bf16 they have many equal and many zero differences."""
    generator = torch.Generator().manual_seed(20)
    base = {name: torch.randn(shape, generator=generator).to(dtype) for name, shape in SHAPES.items()}
    base["zeros"] = torch.zeros(4, 3, dtype=dtype)
    models = [base]
    for _ in range(count):
        tuned = {}
        for name, tensor in base.items():
            step = torch.randn(tensor.shape, generator=generator) * spread
            tuned[name] = (tensor.float() + step * (torch.rand(tensor.shape, generator=generator) < 0.7)).to(
                dtype
            )
        tuned["zeros"] = torch.zeros(4, 3, dtype=dtype)
        models.append(tuned)
    return models


def check(
    folder: Path,
    method: str,
    base: Tensors | None,
    inputs: list[dict[str, torch.Tensor]],
    shared: Values,
    per_input: list[Values],
    expected: Callable[[str, Array | None, list[Array]], Array | tuple[Array, Doubt]],
    dtype: torch.dtype = torch.float32,
    tolerance: float = 2e-6,
    doubts: float = 1e-3,
) -> None:
    """Merges in chunks of one block and compares every tensor with the formula, but for a share in doubt."""
    plan = plan_method(folder, method, base, inputs, shared, per_input, dtype, seed=5)
    merged = run_plan(plan, threads=2, chunk_elements=65_536)
    for name, tensor in merged.items():
        assert tensor.dtype == dtype
        result = expected(name, None if base is None else exact(base[name]), [exact(m[name]) for m in inputs])
        values, doubtful = (
            result if isinstance(result, tuple) else (result, np.zeros(tensor.shape, dtype=bool))
        )
        assert doubtful.sum() <= doubts * doubtful.size
        scale = max(np.abs(exact(model[name])).max(initial=0) for model in [*inputs, base or inputs[0]])
        error = np.abs(exact(tensor) - values)[~doubtful]
        assert error.max(initial=0) <= tolerance * scale, f"{method} {name} {shared} {per_input}"
