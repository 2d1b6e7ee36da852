"""breadcrumbs, della, sce, nearswap, arcee_fusion and ram, through the engine, against float64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from amalgam_worker.engine import Settings, execute
from amalgam_worker.errors import WorkerError
from helpers import reference, reference_sparse
from helpers.awkward import awkward_models, check
from helpers.reference import Array, Doubt, Values
from helpers.run import MemorySink, plan_method, run_plan

DTYPES = [torch.bfloat16, torch.float32]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["breadcrumbs", "breadcrumbs_ties"])
@pytest.mark.parametrize(
    ("densities", "gammas"),
    [
        ((0.5, 0.5), (0.01, 0.0)),
        ((0.9, 0.3), (0.4, 0.71)),
        ((1.0, 0.0), (0.1, 0.1)),
        ((1e-9, 0.999), (0.2, 1.0)),
    ],
)
@pytest.mark.parametrize("normalize", [False, True])
def test_breadcrumbs(
    tmp_path: Path,
    dtype: torch.dtype,
    method: str,
    densities: tuple[float, float],
    gammas: tuple[float, float],
    normalize: bool,
) -> None:
    base, *inputs = awkward_models(2, dtype)
    shared: Values = {"normalize": normalize, "rescale": normalize, "lambda": 1.2, "int8_mask": False}
    per_input: list[Values] = [
        {"weight": 0.75 - 0.25 * number, "density": density, "gamma": gamma}
        for number, (density, gamma) in enumerate(zip(densities, gammas, strict=True))
    ]

    def formula(name: str, first: Array | None, others: list[Array]) -> tuple[Array, Doubt]:
        assert first is not None
        return reference.task_arithmetic_family(method, first, others, shared, per_input, seed=5, name=name)

    check(tmp_path, method, base, inputs, shared, per_input, formula, tolerance=1e-5)


def test_breadcrumbs_keeps_exactly_the_share_between(tmp_path: Path) -> None:
    delta = torch.arange(1, 1001, dtype=torch.float32)[torch.randperm(1000)]
    shared: Values = {"normalize": False, "rescale": False, "lambda": 1, "int8_mask": False}
    per_input: list[Values] = [{"weight": 1, "density": 0.29, "gamma": 0.07}]
    base, tuned = {"w": torch.zeros(1000)}, {"w": delta}
    merged = run_plan(plan_method(tmp_path, "breadcrumbs", base, [tuned], shared, per_input))["w"]
    # 70 outliers go: the largest that is left is 930. int(0.29 * 1000) is 290.
    assert sorted(merged[merged != 0].tolist()) == list(range(641, 931))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["della", "della_linear"])
@pytest.mark.parametrize(
    ("densities", "epsilons"),
    [((0.5, 0.7), (0.15, 0.29)), ((1.0, 0.0), (0.1, 0.1)), ((0.2, 0.9), (0.0, 0.09))],
)
@pytest.mark.parametrize(("normalize", "rescale"), [(False, False), (True, True)])
def test_della(
    tmp_path: Path,
    dtype: torch.dtype,
    method: str,
    densities: tuple[float, float],
    epsilons: tuple[float, float],
    normalize: bool,
    rescale: bool,
) -> None:
    base, *inputs = awkward_models(2, dtype)
    for number, model in enumerate([base, *inputs]):
        model["one column"] = torch.full((9, 1), float(number), dtype=dtype)
    shared: Values = {"normalize": normalize, "rescale": rescale, "lambda": 0.8, "int8_mask": False}
    per_input: list[Values] = [
        {"weight": 0.75 - 0.25 * number, "density": density, "epsilon": epsilon}
        for number, (density, epsilon) in enumerate(zip(densities, epsilons, strict=True))
    ]

    def formula(name: str, first: Array | None, others: list[Array]) -> tuple[Array, Doubt]:
        assert first is not None
        return reference.task_arithmetic_family(method, first, others, shared, per_input, seed=5, name=name)

    check(tmp_path, method, base, inputs, shared, per_input, formula, tolerance=1e-5)


def test_della_keeps_large_entries_more_often(tmp_path: Path) -> None:
    """Over many rows, each rank's share is the probability that the definition gives it."""
    rows, columns, density, epsilon = 20_000, 11, 0.4, 0.25
    delta = torch.arange(1, columns + 1, dtype=torch.float32).repeat(rows, 1)
    shared: Values = {"normalize": False, "rescale": False, "lambda": 1, "int8_mask": False}
    per_input: list[Values] = [{"weight": 1, "density": density, "epsilon": epsilon}]
    base, tuned = {"w": torch.zeros(rows, columns)}, {"w": delta}
    merged = run_plan(plan_method(tmp_path, "della_linear", base, [tuned], shared, per_input))["w"]
    kept = (merged != 0).double().mean(0)
    wanted = torch.linspace(density - epsilon, density + epsilon, columns, dtype=torch.float64)
    assert float(((kept - wanted).abs() / (wanted * (1 - wanted) / rows).sqrt()).max()) < 4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("spread", [1e-4, 0.05])
@pytest.mark.parametrize("select_topk", [1.0, 0.31, 1e-4, 0.0])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_sce(tmp_path: Path, dtype: torch.dtype, spread: float, select_topk: float, count: int) -> None:
    base, *inputs = awkward_models(count, dtype, spread)
    # The weights differ, and some elements have changed in all models alike.
    for number, model in enumerate(inputs):
        model["matrix"] = base["matrix"] + (number + 1) * (model["matrix"] - base["matrix"])
        model["matrix"][:9] = inputs[0]["matrix"][:9]

    def formula(name: str, first: Array | None, others: list[Array]) -> tuple[Array, Doubt]:
        assert first is not None
        return reference_sparse.sce(first, others, select_topk)

    shared: Values = {"int8_mask": False, "select_topk": select_topk}
    check(tmp_path, "sce", base, inputs, shared, [{}] * count, formula, tolerance=1e-5)


@pytest.mark.parametrize("chunk", [65_536, 262_144])
def test_sce_selects_exactly_the_share_from_the_lowest_index(tmp_path: Path, chunk: int) -> None:
    base = {"w": torch.zeros(100_000)}
    first = {"w": (torch.arange(100_000) % 4).float()}
    second = {"w": torch.zeros(100_000)}
    shared: Values = {"int8_mask": True, "select_topk": 0.5}
    plan = plan_method(tmp_path, "sce", base, [first, second], shared, [{}, {}])
    merged = run_plan(plan, chunk_elements=chunk)["w"]
    wanted = first["w"].clone()
    # Of 75,000 that differ: all threes, and the first half of the twos.
    wanted[wanted == 1] = 0
    wanted[50_000:][wanted[50_000:] == 2] = 0
    assert torch.equal(merged, wanted)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("t", [0, 1e-3, 0.02, -1, 100])
def test_nearswap(tmp_path: Path, dtype: torch.dtype, t: float) -> None:
    base, other = awkward_models(1, dtype, 0.1)

    def formula(name: str, first: Array | None, others: list[Array]) -> Array:
        assert first is not None
        return reference_sparse.nearswap(first, others[0], t)

    check(tmp_path, "nearswap", base, [other], {"t": t}, [{}], formula)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("spread", [0.02, 1.0])
def test_arcee_fusion(tmp_path: Path, dtype: torch.dtype, spread: float) -> None:
    base, other = awkward_models(1, dtype, spread)

    def formula(name: str, first: Array | None, others: list[Array]) -> tuple[Array, Doubt]:
        assert first is not None
        return reference_sparse.arcee_fusion(first, others[0])

    check(tmp_path, "arcee_fusion", base, [other], {}, [{}], formula, doubts=0.02)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("epsilon", [0.0, 1e-5, 0.02])
@pytest.mark.parametrize("boost", [None, (0.1, 0.2), (-0.5, 3.0)])
@pytest.mark.parametrize("count", [1, 3])
def test_ram(
    tmp_path: Path, dtype: torch.dtype, epsilon: float, boost: tuple[float, float] | None, count: int
) -> None:
    base, *inputs = awkward_models(count, dtype)

    def formula(name: str, first: Array | None, others: list[Array]) -> tuple[Array, Doubt]:
        assert first is not None
        at_limit = [abs(abs(values - first) - epsilon) < 1e-6 for values in others]
        doubtful = np.any(at_limit, axis=0) if epsilon else np.zeros(first.shape, dtype=bool)
        return reference_sparse.ram(first, others, epsilon, boost), doubtful

    plus: Values = {} if boost is None else {"r": boost[0], "alpha": boost[1]}
    method, shared = "ram" if boost is None else "ramplus_tl", {**plus, "epsilon": epsilon}
    check(tmp_path, method, base, inputs, shared, [{}] * count, formula, doubts=0.01)


@pytest.mark.parametrize(
    ("method", "shared", "per_input"),
    [
        ("nearswap", {"t": 0.1}, [{}]),
        ("arcee_fusion", {}, [{}]),
        ("ram", {"epsilon": 1e-5}, [{}]),
        ("ramplus_tl", {"r": 0.1, "alpha": 0.2, "epsilon": 1e-5}, [{}]),
        ("sce", {"int8_mask": False, "select_topk": 0.5}, [{}, {}]),
        ("karcher", {"max_iter": 10, "tol": 1e-5}, [{}, {}]),
    ],
)
def test_what_is_not_a_number_is_not_hidden(
    tmp_path: Path, method: str, shared: Values, per_input: list[Values]
) -> None:
    good, bad = torch.linspace(-1, 1, 600).view(20, 30), torch.linspace(-1, 1.5, 600).view(20, 30)
    bad[7, 11] = torch.nan
    others = [{"w": bad}, {"w": 2 * good}][: len(per_input)]
    base = None if method == "karcher" else {"w": good}
    plan = plan_method(tmp_path, method, base, others, shared, per_input)
    with pytest.raises(WorkerError) as caught:
        run_plan(plan)
    assert caught.value.code == "non-finite"


def test_a_model_without_changes_does_not_disturb_ramplus(tmp_path: Path) -> None:
    base, first = {"w": torch.zeros(4)}, {"w": torch.tensor([1.0, 0.0, -2.0, 0.0])}
    shared: Values = {"r": 0.1, "alpha": 0.2, "epsilon": 0.0}
    plan = plan_method(tmp_path, "ramplus_tl", base, [first, base], shared, [{}, {}])
    assert torch.equal(run_plan(plan)["w"], first["w"])


@pytest.mark.parametrize("order", ["shuffled", "ascending"])
@pytest.mark.parametrize("method", ["ties", "breadcrumbs"])
def test_cuts_are_exact_whether_a_sample_brackets_them_or_not(
    tmp_path: Path, method: str, order: str
) -> None:
    """In an ascending tensor the beginnings of pieces are no fair sample: the cut lies beyond its bracket."""
    values = torch.arange(1, 2**19 + 1, dtype=torch.float32)
    if order == "shuffled":
        values = values[torch.randperm(2**19, generator=torch.Generator().manual_seed(2))]
    shared: Values = {"normalize": False, "rescale": False, "lambda": 1.0, "int8_mask": False}
    given: Values = {"weight": 1.0, "density": 0.3}
    below = 2**19
    if method == "ties":
        shared = {**shared, "dialect": "mergekit", "trim_scope": "tensor"}
    else:
        given = {**given, "gamma": 0.1}
        below -= int(0.1 * 2**19)
    plan = plan_method(tmp_path, method, {"w": torch.zeros(2**19)}, [{"w": values}], shared, [given])
    sink = MemorySink(plan.shards[0].bytes)
    settings = Settings(torch.device("cpu"), 2, 65_536)
    read = execute(plan, sink, settings, lambda *state: None, lambda: False)
    # A sample, what is inside the bracket; where it missed the top bits and their bin; what is merged.
    assert read == (2 + 1 / 8 if order == "shuffled" else 4 + 1 / 8) * 2 * 4 * 2**19
    merged = torch.frombuffer(sink.bytes, dtype=torch.float32)[-(2**19) :]
    kept = (values <= below) & (values > below - int(0.3 * 2**19))
    assert torch.equal(merged, torch.where(kept, values, 0.0))


@pytest.mark.parametrize("order", ["shuffled", "ascending"])
def test_sce_finds_cut_and_weights_together(tmp_path: Path, order: str) -> None:
    """Whether a sample brackets the cut or not, and however the tensor is cut."""
    size = 2**19
    values = torch.arange(1, size + 1, dtype=torch.float32)
    if order == "shuffled":
        values = values[torch.randperm(size, generator=torch.Generator().manual_seed(2))]
    shared: Values = {"int8_mask": False, "select_topk": 0.3}
    inputs = [{"w": values}, {"w": 3 * values}]
    plan = plan_method(tmp_path, "sce", {"w": torch.zeros(size)}, inputs, shared, [{}, {}])
    merged = {chunk: run_plan(plan, 2, chunk)["w"] for chunk in (65_536, 196_608, 1_048_576)}
    kept = values > size - int(0.3 * size)
    # Energies of 1 and 9 make weights of 0.1 and 0.9.
    wanted = torch.where(kept, (0.1 + 0.9 * 3) * values.double(), 0.0)
    assert torch.allclose(merged[65_536].double(), wanted, rtol=1e-6, atol=0)
    assert torch.equal(merged[65_536] != 0, kept)
    assert all(torch.equal(other, merged[65_536]) for other in merged.values())
