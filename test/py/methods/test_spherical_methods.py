"""nuslerp, multislerp and karcher, through the engine, against their definitions in float64."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from helpers import reference_spherical as reference
from helpers.awkward import awkward_models, check
from helpers.reference import Array, Doubt, Values
from helpers.run import plan_method, run_plan


def split(base: Array | None, inputs: list[Array]) -> tuple[Array | float, list[Array]]:
    """What is added at the end, and the vectors that are interpolated."""
    if base is None:
        return 0.0, inputs
    return base, [values - base for values in inputs]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("with_base", [False, True])
@pytest.mark.parametrize("flatten", [True, False])
@pytest.mark.parametrize("row_wise", [True, False])
@pytest.mark.parametrize("weights", [(0.3, 0.9), (1.0, -1.0)])
def test_nuslerp(
    tmp_path: Path,
    dtype: torch.dtype,
    with_base: bool,
    flatten: bool,
    row_wise: bool,
    weights: tuple[float, float],
) -> None:
    base, *inputs = awkward_models(2, dtype, 2.0)
    # Rows that are equal, opposite, and zero.
    inputs[1]["matrix"][:3] = inputs[0]["matrix"][:3]
    base["matrix"][3:6], base["vector"] = 0, torch.zeros(5, dtype=dtype)
    inputs[1]["matrix"][3:6] = -inputs[0]["matrix"][3:6]
    inputs[1]["matrix"][6] = base["matrix"][6]
    inputs[1]["vector"] = -inputs[0]["vector"]
    t = 0.5 if sum(weights) == 0 else weights[1] / sum(weights)

    def formula(name: str, first: Array | None, others: list[Array]) -> tuple[Array, Doubt]:
        start, (a, b) = split(first, others)
        merged, doubtful = reference.nuslerp_by(a, b, t, flatten=flatten, row_wise=row_wise)
        return start + merged, doubtful

    shared: Values = {"nuslerp_flatten": flatten, "nuslerp_row_wise": row_wise}
    per_input: list[Values] = [{"weight": weight} for weight in weights]
    # One in seventy pairs of columns of two elements is all but opposite.
    first = base if with_base else None
    check(tmp_path, "nuslerp", first, inputs, shared, per_input, formula, tolerance=2e-5, doubts=0.02)


def test_nuslerp_of_opposite_rows_is_a_line(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(3)
    rows = torch.randn(50, 999, generator=generator)
    shared: Values = {"nuslerp_flatten": False, "nuslerp_row_wise": False}
    per_input: list[Values] = [{"weight": 0.7}, {"weight": 0.3}]
    plan = plan_method(tmp_path, "nuslerp", None, [{"w": rows}, {"w": -rows}], shared, per_input)
    torch.testing.assert_close(run_plan(plan)["w"], 0.4 * rows)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("with_base", [False, True])
@pytest.mark.parametrize(
    ("weights", "normalize", "eps"),
    [
        ((0.5, 0.2), True, 1e-8),
        ((1.0, 0.4, 0.7), True, 1e-8),
        ((0.3, -0.1, 0.6), False, 1e-3),
        ((2.5,), True, 0.0),
    ],
)
def test_multislerp(
    tmp_path: Path,
    dtype: torch.dtype,
    with_base: bool,
    weights: tuple[float, ...],
    normalize: bool,
    eps: float,
) -> None:
    base, *inputs = awkward_models(len(weights), dtype, 0.5)

    def formula(name: str, first: Array | None, others: list[Array]) -> Array:
        start, vectors = split(first, others)
        return start + reference.multislerp(vectors, weights, normalize, eps)

    shared: Values = {"normalize_weights": normalize, "eps": eps}
    per_input: list[Values] = [{"weight": weight} for weight in weights]
    check(tmp_path, "multislerp", base if with_base else None, inputs, shared, per_input, formula)


def test_multislerp_of_directions_that_cancel_is_the_weighted_sum(tmp_path: Path) -> None:
    w = torch.tensor([3.0, -4.0, 0.5])
    shared: Values = {"normalize_weights": True, "eps": 1e-6}
    models = [{"w": w}, {"w": -2 * w}]
    plan = plan_method(tmp_path, "multislerp", None, models, shared, [{"weight": 1}, {"weight": 1}])
    torch.testing.assert_close(run_plan(plan)["w"], -0.5 * w)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("spread", [0.02, 1.0, 30.0])
@pytest.mark.parametrize(("iterations", "tolerance"), [(10, 1e-5), (0, 1e-5), (200, 1e-9)])
def test_karcher(
    tmp_path: Path, dtype: torch.dtype, spread: float, iterations: int, tolerance: float
) -> None:
    models = awkward_models(2, dtype, spread)
    # Opposite vectors have no mean; a zero vector has no direction but counts in the length.
    models[1]["vector"] = -models[0]["vector"]
    models[2]["three dimensions"] = torch.zeros(3, 4, 5, dtype=dtype)

    def formula(name: str, base: Array | None, inputs: list[Array]) -> Array:
        return reference.karcher(inputs, iterations, tolerance)

    shared: Values = {"max_iter": iterations, "tol": tolerance}
    check(tmp_path, "karcher", None, models, shared, [{}] * 3, formula, tolerance=1e-5)


def test_the_karcher_mean_is_where_the_angles_balance(tmp_path: Path) -> None:
    """The unit vectors' logarithms at the mean sum to zero, as at no other point."""
    generator = torch.Generator().manual_seed(8)
    models = [{"w": torch.randn(40, 7, generator=generator).double().abs()} for _ in range(4)]
    plan = plan_method(
        tmp_path, "karcher", None, models, {"max_iter": 100, "tol": 1e-12}, [{}] * 4, torch.float64
    )
    mean = run_plan(plan)["w"].flatten()
    mean = mean / mean.norm()
    logarithms = []
    for model in models:
        unit = model["w"].flatten() / model["w"].norm()
        angle = torch.dot(unit, mean).acos()
        logarithms.append(angle / angle.sin() * (unit - torch.dot(unit, mean) * mean))
    assert float(torch.stack(logarithms).sum(0).norm()) < 1e-10


def test_two_equal_models_are_their_mean(tmp_path: Path) -> None:
    w = torch.randn(100, 30, generator=torch.Generator().manual_seed(9))
    models = [{"w": w}, {"w": w.clone()}]
    weights: list[Values] = [{"weight": 0.2}, {"weight": 0.8}]
    cases: list[tuple[str, Values, list[Values]]] = [
        ("nuslerp", {"nuslerp_flatten": False, "nuslerp_row_wise": False}, weights),
        ("nuslerp", {"nuslerp_flatten": True, "nuslerp_row_wise": False}, weights),
        ("multislerp", {"normalize_weights": True, "eps": 1e-8}, weights),
        ("karcher", {"max_iter": 10, "tol": 1e-5}, [{}, {}]),
    ]
    for number, (method, shared, per_input) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        plan = plan_method(folder, method, None, models, shared, per_input)
        torch.testing.assert_close(run_plan(plan)["w"], w)
