"""Every method, through the engine, against its definition in float64 on awkward tensors."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from amalgam_worker.methods import METHODS
from amalgam_worker.protocol import METHOD_PARAMETERS
from helpers import reference
from helpers.awkward import awkward_models, check
from helpers.reference import Array, Doubt, Values, exact
from helpers.run import plan_method, run_plan

FAMILY = ("task_arithmetic", "ties", "dare_linear", "dare_ties")


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
@pytest.mark.parametrize("norm", ["preserve", "interp", "unit"])
def test_slerp(tmp_path: Path, dtype: torch.dtype, t: float, spread: float, norm: str) -> None:
    base, other = awkward_models(1, dtype, spread)
    other["whole blocks"] = -base["whole blocks"]
    other["vector"] = torch.zeros(5, dtype=dtype)

    def formula(name: str, first: Array | None, inputs: list[Array]) -> Array:
        assert first is not None
        return reference.slerp(first, inputs[0], t, norm)

    check(tmp_path, "slerp", base, [other], {"t": t, "norm": norm}, [{}], formula)


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
    shared: Values = {"normalize": normalize, "rescale": rescale, "lambda": lambda_, "int8_mask": normalize}
    if method == "ties":
        shared = {**shared, "dialect": "mergekit", "trim_scope": "tensor"}
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

        of_ties: Values = {"dialect": "mergekit", "trim_scope": "tensor"} if method == "ties" else {}
        folder = tmp_path / method
        folder.mkdir()
        check(
            folder,
            method,
            base,
            inputs,
            {**shared, **of_ties},
            per_input,
            formula,
            torch.float64,
            tolerance=1e-13,
        )


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
