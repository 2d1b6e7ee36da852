"""Every mode of merging adapters against float64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from amalgam_worker.protocol import Operation
from helpers import reference
from helpers.adapter_plans import Pair, adapter_plan, product, random_pair, run_factors
from helpers.plans import operation
from helpers.reference import Array, exact
from helpers.reference_masks import random_mask
from helpers.run import run_plan

OUT, INNER = 37, 53
SHAPE = (OUT, INNER)
FIRST = random_pair(1, OUT, 4, INNER, 2.0)
SECOND = random_pair(2, OUT, 2, INNER, 0.5)
EQUAL = random_pair(3, OUT, 2, INNER, 2.0)
WEIGHTS = [0.7, -0.4]


def linear(*weights: float, normalize: bool = False) -> Operation:
    return operation("linear", {"normalize": normalize}, [{"weight": weight} for weight in weights])


def task_arithmetic(*weights: float, scale: float = 1.0, normalize: bool = False) -> Operation:
    shared = {"normalize": normalize, "rescale": "none", "lambda": scale, "int8_mask": False}
    return operation("task_arithmetic", shared, [{"weight": weight, "density": 1} for weight in weights])


def slerp(t: float, norm: str) -> Operation:
    return operation("slerp", {"t": t, "norm": norm}, [{}])


def dare(density: float) -> Operation:
    shared = {"normalize": False, "rescale": "inverse_density", "lambda": 1.0, "int8_mask": False}
    return operation("dare_linear", shared, [{"weight": 1, "density": density}] * 2)


def weighted(pairs: list[Pair], weights: list[float]) -> Array:
    return sum(
        (weight * product(pair, SHAPE) for pair, weight in zip(pairs, weights, strict=True)), np.zeros(SHAPE)
    )


def merged(factors: tuple[torch.Tensor, torch.Tensor], scale: float = 1.0) -> Array:
    a, b = factors
    return scale * exact(b) @ exact(a)


def near(got: Array, wanted: Array, digits: float = 1e-6) -> None:
    assert got.shape == wanted.shape
    assert np.abs(got - wanted).max() <= digits * max(1.0, float(np.abs(wanted).max()))


def best_of_rank(matrix: Array, rank: int) -> Array:
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    return np.asarray((left[:, :rank] * values[:rank]) @ right[:rank])


MISSING: list[list[Pair]] = [[FIRST, SECOND], [SECOND, FIRST], [FIRST, None], [None, SECOND]]


@pytest.mark.parametrize("pairs", MISSING)
@pytest.mark.parametrize(
    ("how", "base", "weights"),
    [
        (linear(*WEIGHTS), "no base", WEIGHTS),
        (linear(*WEIGHTS, normalize=True), "no base", [0.7 / 0.3, -0.4 / 0.3]),
        (task_arithmetic(*WEIGHTS, scale=1.5), None, [1.05, -0.6]),
    ],
)
@pytest.mark.parametrize("mode", ["concat", "core"])
def test_concat_and_core_lose_nothing(
    tmp_path: Path, pairs: list[Pair], how: Operation, base: Pair | str, weights: list[float], mode: str
) -> None:
    rank = sum(len(pair[0]) for pair in pairs if pair is not None)
    plan = adapter_plan(tmp_path, pairs, how, mode, rank, base=base)
    near(merged(run_factors(plan)), weighted(pairs, weights))


@pytest.mark.parametrize("mode", ["concat", "core", "svd", "delta"])
def test_a_base_with_an_update_of_its_own(tmp_path: Path, mode: str) -> None:
    base = random_pair(4, OUT, 3, INNER, 1.0)
    rank = 4 + 2 + 3
    plan = adapter_plan(tmp_path, [FIRST, SECOND], task_arithmetic(*WEIGHTS), mode, rank, base=base)
    near(merged(run_factors(plan)), weighted([base, FIRST, SECOND], [1 - 0.3, *WEIGHTS]))


@pytest.mark.parametrize("mode", ["svd", "core", "delta"])
@pytest.mark.parametrize("rank", [1, 3, 6])
def test_best_of_a_smaller_rank(tmp_path: Path, mode: str, rank: int) -> None:
    plan = adapter_plan(tmp_path, [FIRST, SECOND], linear(*WEIGHTS), mode, rank)
    near(merged(run_factors(plan)), best_of_rank(weighted([FIRST, SECOND], WEIGHTS), rank))


@pytest.mark.parametrize("pairs", MISSING)
@pytest.mark.parametrize("padding", ["back", "front"])
def test_factor_mode_averages_each_factor(tmp_path: Path, pairs: list[Pair], padding: str) -> None:
    rank = max(len(pair[0]) for pair in pairs if pair is not None)
    scale = next(pair[2] for pair in pairs if pair is not None)
    plan = adapter_plan(tmp_path, pairs, linear(*WEIGHTS), "factor", rank, padding=padding, scale=scale)
    a, b = run_factors(plan)
    wanted_a, wanted_b = np.zeros((rank, INNER)), np.zeros((OUT, rank))
    for pair, weight in zip(pairs, WEIGHTS, strict=True):
        if pair is not None:
            own = len(pair[0])
            rows = slice(rank - own, rank) if padding == "front" else slice(0, own)
            wanted_a[rows] += weight * exact(pair[0])
            wanted_b[:, rows] += weight * exact(pair[1]) * pair[2] / scale
    near(exact(a), wanted_a)
    near(exact(b), wanted_b)


def test_factor_mode_of_equal_scales_is_the_sum_of_the_stored_numbers(tmp_path: Path) -> None:
    assert FIRST is not None and EQUAL is not None
    plan = adapter_plan(tmp_path, [FIRST, EQUAL], linear(0.8, 0.2), "factor", 4, padding="front", scale=2.0)
    a, b = run_factors(plan)
    rows = torch.cat([torch.zeros(2, INNER), EQUAL[0]])
    columns = torch.cat([torch.zeros(OUT, 2), EQUAL[1]], dim=1)
    assert torch.equal(a, torch.add(FIRST[0] * 0.8, rows, alpha=0.2))
    assert torch.equal(b, torch.add(FIRST[1] * 0.8, columns, alpha=0.2))


@pytest.mark.parametrize("t", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("kind", ["apart", "nearly parallel", "opposite", "missing"])
def test_slerp_of_factors_is_that_of_unit_vectors(tmp_path: Path, t: float, kind: str) -> None:
    """dot > 0.9995: a straight line between unit vectors; lengths below 1e-8 are not divided by."""
    assert FIRST is not None
    a, b, scale = FIRST
    other: Pair = {
        "apart": EQUAL,
        "nearly parallel": (3 * a + 0.001, 2 * b + 0.001, scale),
        "opposite": (-2 * a, -b, scale),
        "missing": None,
    }[kind]
    how = slerp(t, "unit")
    plan = adapter_plan(tmp_path, [other], how, "factor", 4, base=FIRST, padding="front", scale=scale)
    for got, own, theirs, axis in zip(
        run_factors(plan), (a, b), (other or (None, None)), (0, 1), strict=False
    ):
        padded = np.zeros(own.shape)
        if theirs is not None:
            rank = theirs.shape[axis]
            padded[(slice(4 - rank, 4), slice(None)) if axis == 0 else (slice(None), slice(4 - rank, 4))] = (
                theirs
            )
        near(exact(got), article_slerp(exact(own), padded, t))


def article_slerp(first: Array, second: Array, t: float) -> Array:
    v0, v1 = (v / np.linalg.norm(v) if np.linalg.norm(v) > 1e-8 else v for v in (first, second))
    dot = float(np.sum(v0 * v1))
    if abs(dot) > 0.9995:
        return np.asarray((1 - t) * v0 + t * v1)
    theta = np.arccos(dot)
    return np.asarray((np.sin((1 - t) * theta) * v0 + np.sin(t * theta) * v1) / np.sin(theta))


@pytest.mark.parametrize("mode", ["core", "delta"])
@pytest.mark.parametrize("norm", ["preserve", "unit", "interp"])
def test_what_knows_only_lengths_and_angles_is_the_same_in_core_space(
    tmp_path: Path, mode: str, norm: str
) -> None:
    plan = adapter_plan(tmp_path, [SECOND], slerp(0.4, norm), mode, 6, base=FIRST)
    wanted = reference.slerp(product(FIRST, SHAPE), product(SECOND, SHAPE), 0.4, norm)
    near(merged(run_factors(plan)), wanted)


@pytest.mark.parametrize("transposed", [False, True])
def test_delta_mode_masks_the_updates_as_the_weight_is_stored(tmp_path: Path, transposed: bool) -> None:
    plan = adapter_plan(
        tmp_path, [FIRST, SECOND], dare(0.6), "delta", OUT, base=None, transposed=transposed, seed=9
    )
    wanted = np.zeros(SHAPE)
    for model, pair in ((1, FIRST), (2, SECOND)):
        stored = product(pair, SHAPE).T if transposed else product(pair, SHAPE)
        kept = np.where(random_mask(9, model, "w", stored.shape, 0.6), stored, 0) / 0.6
        wanted += kept.T if transposed else kept
    near(merged(run_factors(plan)), wanted)


@pytest.mark.parametrize("mode", ["concat", "core", "svd", "factor"])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_added_to_the_base(tmp_path: Path, mode: str, transposed: bool, dtype: torch.dtype) -> None:
    shape = (INNER, OUT) if transposed else SHAPE
    weight = torch.randn(*shape, generator=torch.Generator().manual_seed(5)).to(dtype)
    rank, scale = (4, 2.0) if mode == "factor" else (6, 1.0)

    def plan(name: str, own: torch.Tensor | None) -> object:
        return adapter_plan(
            tmp_path / name,
            [FIRST, SECOND],
            linear(*WEIGHTS),
            mode,
            rank,
            weight=own,
            transposed=transposed,
            scale=scale,
            dtype=torch.float32 if own is None else dtype,
        )

    update = merged(run_factors(plan("factors", None)), scale)
    got = exact(run_plan(plan("model", weight))["w"])
    near(got, exact(weight) + (update.T if transposed else update), 1e-6 if dtype == torch.float32 else 2**-8)


@pytest.mark.parametrize("mode", ["concat", "core", "factor", "delta"])
def test_the_bits_do_not_depend_on_threads(tmp_path: Path, mode: str) -> None:
    rank = 4 if mode == "factor" else 6
    plan = adapter_plan(tmp_path, [FIRST, SECOND], linear(*WEIGHTS), mode, rank)
    one, four = run_factors(plan, threads=1), run_factors(plan, threads=4)
    assert all(torch.equal(x, y) for x, y in zip(one, four, strict=True))


@pytest.mark.parametrize("mode", ["core", "delta"])
def test_signs_are_fixed(tmp_path: Path, mode: str) -> None:
    """Every column of B has its largest entry above zero, and both factors the same lengths."""
    _, b = run_factors(adapter_plan(tmp_path, [FIRST, SECOND], linear(*WEIGHTS), mode, 5))
    assert (b.gather(0, b.abs().argmax(0, keepdim=True)) > 0).all()
