"""Where papers and programs differ, through the engine, against float64."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from helpers import reference
from helpers.awkward import awkward_models, check
from helpers.reference import Array, Doubt, Values
from helpers.run import plan_method, run_plan

PLAIN: Values = {"normalize": False, "rescale": "none", "lambda": 1.0, "int8_mask": False}


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("dialect", ["mergekit", "paper", "peft"])
@pytest.mark.parametrize("densities", [(0.2, 0.5, 1.0), (1.0, 1.0, 1.0)])
@pytest.mark.parametrize(("normalize", "rescale"), [(True, "none"), (False, "inverse_density")])
def test_ties(
    tmp_path: Path,
    dtype: torch.dtype,
    dialect: str,
    densities: tuple[float, ...],
    normalize: bool,
    rescale: str,
) -> None:
    base, *inputs = awkward_models(3, dtype)
    shared: Values = {
        **PLAIN,
        "normalize": normalize,
        "rescale": rescale,
        "dialect": dialect,
        "trim_scope": "tensor",
    }
    per_input: list[Values] = [
        {"weight": weight, "density": density}
        for weight, density in zip((0.5, -1.0, 2.0), densities, strict=True)
    ]

    def formula(name: str, first: Array | None, others: list[Array]) -> tuple[Array, Doubt]:
        assert first is not None
        return reference.task_arithmetic_family("ties", first, others, shared, per_input, seed=5, name=name)

    check(tmp_path, "ties", base, inputs, shared, per_input, formula, tolerance=1e-5)


@pytest.mark.parametrize(
    ("dialect", "first", "wanted"),
    [
        # The first elements cancel out; of the others more rise, as many rise as fall, or more fall.
        ("paper", [2.0, 3.0, 1.0], [2.0, 3.0, 1.0]),
        ("paper", [2.0, 3.0, -1.0], [-2.0, 3.0, -1.0]),
        ("paper", [2.0, -3.0, -1.0], [-2.0, -3.0, -1.0]),
        ("peft", [2.0, -3.0, -1.0], [2.0, -3.0, -1.0]),
    ],
)
def test_what_cancels_goes_by_the_majority_in_the_paper_alone(
    tmp_path: Path, dialect: str, first: list[float], wanted: list[float]
) -> None:
    base, one = {"w": torch.zeros(3)}, {"w": torch.tensor(first)}
    other = {"w": torch.tensor([-2.0, 0.0, 0.0])}
    shared: Values = {**PLAIN, "normalize": True, "dialect": dialect, "trim_scope": "tensor"}
    per_input: list[Values] = [{"weight": 1, "density": 1}] * 2
    plan = plan_method(tmp_path, "ties", base, [one, other], shared, per_input)
    assert run_plan(plan)["w"].tolist() == wanted


@pytest.mark.parametrize(
    ("method", "rescale"),
    [
        *itertools.product(
            ("dare_linear", "dare_ties", "breadcrumbs", "della", "della_linear"),
            ("none", "l1", "inverse_density"),
        ),
        ("della", "per_element"),
        ("della_linear", "per_element"),
    ],
)
def test_rescale(tmp_path: Path, method: str, rescale: str) -> None:
    base, *inputs = awkward_models(2, torch.bfloat16)
    extra: Values = {"della": {"epsilon": 0.2}, "bread": {"gamma": 0.05}}.get(method[:5], {})
    shared: Values = {**PLAIN, "rescale": rescale}
    per_input: list[Values] = [
        {"weight": 0.5, "density": 0.3, **extra},
        {"weight": 0.75, "density": 1, **extra},
    ]

    def formula(name: str, first: Array | None, others: list[Array]) -> tuple[Array, Doubt]:
        assert first is not None
        return reference.task_arithmetic_family(method, first, others, shared, per_input, seed=5, name=name)

    check(tmp_path, method, base, inputs, shared, per_input, formula, tolerance=1e-5)


@pytest.mark.parametrize(
    ("method", "rescale"), [("dare_linear", "inverse_density"), ("della_linear", "per_element")]
)
def test_inverse_probabilities_keep_the_mean(tmp_path: Path, method: str, rescale: str) -> None:
    """Over many rows every column's mean is what it was, as with an L1 norm it is not."""
    rows, delta = 20_000, torch.tensor([0.5, 1.0, -2.0, 4.0, 3.0])
    base, tuned = {"w": torch.zeros(rows, 5)}, {"w": delta.repeat(rows, 1)}
    extra: Values = {"epsilon": 0.25} if method == "della_linear" else {}
    per_input: list[Values] = [{"weight": 1, "density": 0.4, **extra}]
    plan = plan_method(tmp_path, method, base, [tuned], {**PLAIN, "rescale": rescale}, per_input)
    mean = run_plan(plan)["w"].double().mean(0)
    # The least probability is 0.15: the variance of an element is (1 / p - 1) of its square.
    assert float(((mean - delta) / delta).abs().max()) < 4 * (1 / 0.15 / rows) ** 0.5


@pytest.mark.parametrize("t", [0.0, 0.4, 1.0])
def test_slerp_norms(tmp_path: Path, t: float) -> None:
    generator = torch.Generator().manual_seed(7)
    base = {"w": torch.randn(50, 20, generator=generator)}
    other = {"w": torch.randn(50, 20, generator=generator) * 3}
    lengths = {}
    for norm in ("interp", "unit"):
        folder = tmp_path / norm
        folder.mkdir()
        plan = plan_method(folder, "slerp", base, [other], {"t": t, "norm": norm}, [{}])
        lengths[norm] = float(run_plan(plan)["w"].double().norm())
    between = (1 - t) * float(base["w"].norm()) + t * float(other["w"].norm())
    assert lengths == pytest.approx({"interp": between, "unit": 1.0}, rel=1e-5)
