"""Every method, through the engine, against its definition in float64 on awkward tensors."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from amalgam_worker.methods import METHODS
from amalgam_worker.protocol import METHOD_PARAMETERS
from helpers import reference
from helpers.plans import Tensors
from helpers.reference import Array, Values, exact
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
Doubt = NDArray[np.bool_]
FAMILY = ("task_arithmetic", "ties", "dare_linear", "dare_ties")


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
) -> None:
    """Merges in chunks of one block and compares every tensor with the formula."""
    plan = plan_method(folder, method, base, inputs, shared, per_input, dtype, seed=5)
    merged = run_plan(plan, threads=2, chunk_elements=65_536)
    for name, tensor in merged.items():
        assert tensor.dtype == dtype
        result = expected(name, None if base is None else exact(base[name]), [exact(m[name]) for m in inputs])
        values, doubtful = (
            result if isinstance(result, tuple) else (result, np.zeros(tensor.shape, dtype=bool))
        )
        assert doubtful.sum() <= 1e-3 * doubtful.size
        scale = max(np.abs(exact(model[name])).max(initial=0) for model in [*inputs, base or inputs[0]])
        error = np.abs(exact(tensor) - values)[~doubtful]
        assert error.max(initial=0) <= tolerance * scale, f"{method} {name} {shared} {per_input}"


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float16])
@pytest.mark.parametrize(
    ("weights", "normalize"), [([1, 1, 1], True), ([0.3, -0.5, 1.7], True), ([0.3, 0.2, 0], False)]
)
def test_linear(tmp_path: Path, dtype: torch.dtype, weights: list[float], normalize: bool) -> None:
    def formula(name: str, base: Array | None, inputs: list[Array]) -> Array:
        return reference.linear(inputs, weights, normalize)

    per_input: list[Values] = [{"weight": weight} for weight in weights]
    check(tmp_path, "linear", None, awkward_models(2, dtype), {"normalize": normalize}, per_input, formula)


@pytest.mark.parametrize("scale", [1, 1.5, -2, 0])
def test_passthrough(tmp_path: Path, scale: float) -> None:
    models = awkward_models(0, torch.bfloat16)
    check(
        tmp_path,
        "passthrough",
        None,
        models,
        {},
        [{"scale": scale}],
        lambda name, base, inputs: scale * inputs[0],
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("t", [0, 0.3, 1, 1.5])
@pytest.mark.parametrize("spread", [0.01, 2.0])
def test_slerp(tmp_path: Path, dtype: torch.dtype, t: float, spread: float) -> None:
    base, other = awkward_models(1, dtype, spread)
    other["whole blocks"] = -base["whole blocks"]
    other["vector"] = torch.zeros(5, dtype=dtype)

    def formula(name: str, first: Array | None, inputs: list[Array]) -> Array:
        assert first is not None
        return reference.slerp(first, inputs[0], t)

    check(tmp_path, "slerp", base, [other], {"t": t}, [{}], formula)


@pytest.mark.parametrize("filter_wise", [False, True])
@pytest.mark.parametrize("count", [2, 3])
def test_model_stock(tmp_path: Path, filter_wise: bool, count: int) -> None:
    base, *inputs = awkward_models(count, torch.bfloat16)
    # The smallest updates of norm layers must keep their angle.
    for number, model in enumerate(inputs):
        model["vector"] = (
            base["vector"].float().mul(0).bfloat16() + torch.tensor([1, 1, number, 0, 0]).bfloat16() * 1e-5
        )
    base["vector"] = torch.zeros(5).bfloat16()

    def formula(name: str, first: Array | None, others: list[Array]) -> Array:
        assert first is not None
        return reference.model_stock(first, others, filter_wise)

    check(
        tmp_path,
        "model_stock",
        base,
        inputs,
        {"filter_wise": filter_wise},
        [{}] * count,
        formula,
        tolerance=2e-5,
    )


def test_model_stock_of_opposite_models_stays_at_the_base(tmp_path: Path) -> None:
    base = {"w": torch.tensor([1.0, 2.0, 3.0])}
    inputs = [{"w": base["w"] + 0.5}, {"w": base["w"] - 0.5}]
    plan = plan_method(tmp_path, "model_stock", base, inputs, {"filter_wise": False}, [{}, {}])
    torch.testing.assert_close(run_plan(plan)["w"], base["w"])


SETTINGS = [
    ([1.0, 1.0, 1.0], [0.5, 0.5, 0.5], 1.0),
    ([0.6, -0.3, 0.9], [0.2, 1.0, 0.0], 0.7),
    ([0.5, -0.5, 0.0], [0.53, 0.001, 0.999], -1.5),
]


@pytest.mark.parametrize("method", FAMILY)
@pytest.mark.parametrize(("weights", "densities", "lambda_"), SETTINGS)
@pytest.mark.parametrize(("normalize", "rescale"), list(itertools.product([False, True], repeat=2)))
def test_task_arithmetic_family(
    tmp_path: Path,
    method: str,
    weights: list[float],
    densities: list[float],
    lambda_: float,
    normalize: bool,
    rescale: bool,
) -> None:
    dtype = torch.bfloat16 if rescale else torch.float32
    base, *inputs = awkward_models(3, dtype)
    shared = {"normalize": normalize, "rescale": rescale, "lambda": lambda_, "int8_mask": normalize}
    per_input: list[Values] = [{"weight": w, "density": p} for w, p in zip(weights, densities, strict=True)]

    def formula(name: str, first: Array | None, others: list[Array]) -> tuple[Array, Doubt]:
        assert first is not None
        return reference.task_arithmetic_family(method, first, others, shared, per_input, seed=5, name=name)

    check(tmp_path, method, base, inputs, shared, per_input, formula, tolerance=1e-5)


def test_float64_is_computed_in_float64(tmp_path: Path) -> None:
    base, *inputs = awkward_models(2, torch.float64)
    shared = {"normalize": True, "rescale": True, "lambda": 0.9, "int8_mask": False}
    per_input: list[Values] = [{"weight": 0.4, "density": 0.5}, {"weight": 0.7, "density": 0.3}]
    for method in ("ties", "dare_ties"):

        def formula(name: str, first: Array | None, others: list[Array], method: str = method) -> Array:
            assert first is not None
            return reference.task_arithmetic_family(
                method, first, others, shared, per_input, seed=5, name=name
            )[0]

        folder = tmp_path / method
        folder.mkdir()
        check(folder, method, base, inputs, shared, per_input, formula, torch.float64, tolerance=1e-13)


def test_the_output_is_rounded_once(tmp_path: Path) -> None:
    models = awkward_models(2, torch.bfloat16)
    per_input: list[Values] = [{"weight": 1 / 3}] * 3
    plan = plan_method(tmp_path, "linear", None, models, {"normalize": False}, per_input, torch.bfloat16)
    merged = run_plan(plan)["across blocks"]
    wide = reference.linear([exact(model["across blocks"]) for model in models], [1 / 3] * 3, False)
    rounded = torch.from_numpy(wide).to(torch.float32).to(torch.bfloat16)
    # Only what lies next to the middle between two neighbours may go the other way.
    assert (merged != rounded).float().mean() < 2e-3


def test_the_registry_is_that_of_the_protocol() -> None:
    registered = {name: (list(method.shared), list(method.per_input)) for name, method in METHODS.items()}
    assert registered == METHOD_PARAMETERS
