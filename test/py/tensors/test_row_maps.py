"""Vocabulary tensors brought to another vocabulary, against a naive formula, row by row."""

from __future__ import annotations

import dataclasses
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import LoraUpdate, Plan, RowFill, RowMap, RowOrigin, RowRun
from helpers.fake_streams import FakeStreams
from helpers.one_step import cut_input, models_in, step_plan
from helpers.plans import Tensors, operation
from helpers.reference import Array, exact
from helpers.reference_rows import Origin, mapped, row_map
from helpers.run import run_plan

WEIGHTS = (0.5, 2.0, -0.25)
THREE = operation("linear", {"normalize": False}, [{"weight": weight} for weight in WEIGHTS])
SCALE = 0.7


def widened(tensor: Array, shape: list[int]) -> Array:
    whole = np.zeros(shape)
    whole[tuple(slice(0, size) for size in tensor.shape)] = tensor
    return whole


@dataclasses.dataclass(frozen=True)
class Case:
    sizes: list[int]
    rests: list[list[int]]
    origins: list[list[Origin]]
    padding: int
    room: list[int]
    cuts: list[int]
    adapted: int | None


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Three models' vocabularies, and where each row of each comes from."""
    sizes = [draw(st.integers(1, 6)) for _ in WEIGHTS]
    rest = draw(st.sampled_from([[], [1], [3], [2, 2]]))
    # A narrower model is as wide as the others, with zeros.
    narrow = [max(1, size - 1) for size in rest]
    rests = [draw(st.sampled_from([rest, rest, narrow])) for _ in WEIGHTS]
    rows = draw(st.integers(1, 9))
    any_row = st.integers(0, 2).flatmap(lambda m: st.tuples(st.just(m), st.integers(0, sizes[m] - 1)))
    origins: list[list[Origin]] = []
    for size in sizes:
        fresh = st.one_of(st.integers(0, size - 1), st.lists(any_row, max_size=3))
        mine: list[Origin] = []
        while len(mine) < rows:
            origin = draw(fresh)
            # Often a whole run, as vocabularies have them.
            length = draw(st.integers(1, 4)) if isinstance(origin, int) else 1
            if isinstance(origin, int):
                mine.extend(range(origin, min(origin + length, size)))
            else:
                mine.append(origin)
        origins.append(mine[:rows])
    padding = draw(st.integers(0, 3))
    room = [rows + padding + draw(st.integers(0, 2)), *(size + draw(st.integers(0, 1)) for size in rest)]
    cuts = sorted(draw(st.lists(st.integers(0, sizes[0] * int(np.prod(rests[0]))), max_size=3)))
    adapted = draw(st.sampled_from([None, 0, 2])) if len(rest) == 1 else None
    return Case(sizes, rests, origins, padding, room, cuts, adapted)


def tensors_of(case: Case, dtype: torch.dtype) -> list[dict[str, torch.Tensor]]:
    generator = torch.Generator().manual_seed(9)
    models = [
        {"w": torch.randn([size, *rest], generator=generator).to(dtype)}
        for size, rest in zip(case.sizes, case.rests, strict=True)
    ]
    if case.adapted is not None:
        size = case.sizes[case.adapted]
        adapter = {
            "a": torch.randn(2, size, generator=generator),
            "b": torch.randn(case.rests[case.adapted][0], 2, generator=generator),
        }
        models.append(adapter)
    return models


def case_plan(folder: Path, case: Case, models: list[dict[str, torch.Tensor]], dtype: torch.dtype) -> Plan:
    maker = models_in(folder, *models)
    updates: list[LoraUpdate | None] = [None] * 3
    if case.adapted is not None:
        updates[case.adapted] = LoraUpdate(maker.places[3]["a"], maker.places[3]["b"], SCALE, True, None)
    inputs = [
        cut_input(maker, model, case.cuts if model == 0 else [], model, updates[model]) for model in range(3)
    ]
    maps = [row_map(origins, case.padding) for origins in case.origins]
    return step_plan(maker, case.room, inputs, how=THREE, dtype=dtype, row_maps=maps)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(cases(), st.integers(1, 30), st.sampled_from([torch.float32, torch.float64]))
def test_any_map_is_the_naive_one(case: Case, chunk: int, dtype: torch.dtype) -> None:
    models = tensors_of(case, dtype)
    with tempfile.TemporaryDirectory() as folder:
        merged = run_plan(case_plan(Path(folder), case, models, dtype), chunk_elements=chunk)["w"]
    own: list[Array] = [exact(model["w"]) for model in models[:3]]
    if case.adapted is not None:
        own[case.adapted] = own[case.adapted] + SCALE * (exact(models[3]["b"]) @ exact(models[3]["a"])).T
    width = np.max(case.rests, axis=0).astype(int)
    own = [widened(tensor, [len(tensor), *width]) for tensor in own]
    expected = np.zeros(case.room)
    for weight, tensor, origins in zip(WEIGHTS, own, case.origins, strict=True):
        aligned = mapped(tensor, own, origins, case.padding)
        expected[tuple(slice(0, size) for size in aligned.shape)] += weight * aligned
    np.testing.assert_allclose(exact(merged), expected, rtol=2e-6, atol=1e-5)


def scrambled(folder: Path) -> tuple[list[Array], list[list[Origin]], Plan]:
    """A base and two models of 3000, 3100 and 2500 tokens that share most of them, in other orders."""
    generator = np.random.default_rng(2)
    sizes, columns, rows = [3000, 3100, 2500], 96, 3200
    tensors = [torch.from_numpy(generator.normal(size=(size, columns))).bfloat16() for size in sizes]
    orders = [generator.permutation(rows) for _ in sizes]
    origins: list[list[Origin]] = []
    for model, size in enumerate(sizes):
        mine: list[Origin] = []
        for token in range(rows):
            row = int(orders[model][token]) if token > 1000 else token
            holders = [(m, int(orders[m][token])) for m in range(3) if orders[m][token] < sizes[m]]
            mine.append(row if row < size else holders)
        origins.append(mine)
    maker = models_in(folder, *({"w": tensor} for tensor in tensors))
    maps = [row_map(mine, 64) for mine in origins]
    how = operation(
        "ties",
        {
            "normalize": True,
            "rescale": False,
            "lambda": 1,
            "int8_mask": False,
            "dialect": "mergekit",
            "trim_scope": "tensor",
        },
        [{"weight": 0.4, "density": 0.3}, {"weight": 0.8, "density": 0.6}],
    )
    inputs = [cut_input(maker, model, [70_001], model) for model in range(3)]
    plan = step_plan(maker, [rows + 64, columns], inputs[1:], inputs[0], how, row_maps=maps)
    return [exact(tensor) for tensor in tensors], origins, plan


def test_methods_see_the_aligned_tensors(tmp_path: Path) -> None:
    tensors, origins, plan = scrambled(tmp_path)
    folder = tmp_path / "aligned"
    folder.mkdir()
    aligned: list[Tensors] = [
        {"w": torch.from_numpy(mapped(tensor, tensors, mine, 64)).float()}
        for tensor, mine in zip(tensors, origins, strict=True)
    ]
    maker = models_in(folder, *aligned)
    inputs = [cut_input(maker, model) for model in range(3)]
    expected = run_plan(step_plan(maker, [3264, 96], inputs[1:], inputs[0], plan.operations[0]))["w"]
    merged = run_plan(plan)["w"]
    close = torch.isclose(merged, expected, rtol=1e-5, atol=1e-6)
    # Where rounding moves a change over the cut of the density or turns an elected sign.
    assert (~close).sum() <= 1e-4 * close.numel()


@pytest.mark.parametrize(("threads", "chunk"), [(1, 1 << 20), (2, 131_072), (5, 65_536)])
def test_bits_do_not_depend_on_threads_or_chunks(tmp_path: Path, threads: int, chunk: int) -> None:
    *_, plan = scrambled(tmp_path)
    first = run_plan(plan, 1, 65_536)["w"]
    assert torch.equal(run_plan(plan, threads, chunk)["w"], first)
    assert torch.equal(run_plan(plan, threads, chunk, streams=FakeStreams())["w"], first)


def test_a_mapped_row_has_the_bits_of_the_row_itself(tmp_path: Path) -> None:
    weight = torch.randn(500, 300, generator=torch.Generator().manual_seed(1))
    maker = models_in(tmp_path, {"w": weight}, {"a": torch.randn(8, 500), "b": torch.randn(300, 8)})
    update = LoraUpdate(maker.places[1]["a"], maker.places[1]["b"], SCALE, True, None)
    plain = run_plan(step_plan(maker, [500, 300], [cut_input(maker, 0, lora=update)]))["w"]
    order = [int(row) for row in np.random.default_rng(0).permutation(500)]
    source = cut_input(maker, 0, rows=0, lora=update)
    moved = run_plan(step_plan(maker, [500, 300], [source], row_maps=[row_map(order)]), 2, 4096)["w"]
    assert torch.equal(moved, plain[order])


def test_a_run_is_one_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maker = models_in(tmp_path, {"w": torch.randn(2000, 8)})
    origins: list[Origin] = [*range(1000, 2000), [(0, 3)], [(0, 4)], *range(1000)]
    plan = step_plan(maker, [2002, 8], [cut_input(maker, 0, rows=0)], row_maps=[row_map(origins)])
    reads: list[int] = []
    whole = os.preadv

    def counted(file: int, buffers: list[memoryview], offset: int) -> int:
        reads.append(offset)
        return whole(file, buffers, offset)

    monkeypatch.setattr(os, "preadv", counted)
    run_plan(plan)
    assert len(reads) == 3


def broken_maps() -> dict[str, tuple[str, RowMap]]:
    run, fill = RowRun(0, 0, 3), RowFill(3, 1, [RowOrigin(1, 2)])
    return {
        "a gap": ("for row 0", RowMap(4, [RowRun(1, 0, 3)], [], 0)),
        "an overlap": ("for row 3", RowMap(5, [run], [RowFill(2, 1, []), fill], 0)),
        "an order": ("for row 0", RowMap(4, [RowRun(2, 0, 2), RowRun(0, 0, 2)], [], 0)),
        "an empty run": ("for row 3", RowMap(3, [run, RowRun(3, 0, 0)], [], 0)),
        "an empty fill": ("for row 3", RowMap(3, [run], [RowFill(3, 0, [])], 0)),
        "too few rows": ("for 4 rows", RowMap(5, [run], [fill], 0)),
        "too many rows": ("for 4 rows", RowMap(4, [run], [fill], 1)),
        "nothing but padding": ("no rows to take the mean", RowMap(2, [], [], 2)),
        "a negative padding": ("no rows to take the mean", RowMap(4, [run, RowRun(3, 0, 2)], [], -1)),
        "rows that are not there": ("has no row 2", RowMap(4, [RowRun(0, 2, 4)], [], 0)),
        "a negative row": ("has no row -1", RowMap(4, [RowRun(0, -1, 4)], [], 0)),
        "a model that is not there": (
            "row 0 of model 7",
            RowMap(4, [run], [RowFill(3, 1, [RowOrigin(7, 0)])], 0),
        ),
        "rows of a fill past the other's end": (
            "row 3 of model 1",
            RowMap(5, [run], [RowFill(3, 2, [RowOrigin(1, 2)])], 0),
        ),
        "a row past the other's end": (
            "row 3 of model 1",
            RowMap(4, [run], [RowFill(3, 1, [RowOrigin(1, 3)])], 0),
        ),
        "more rows than the step": ("does not fit w", RowMap(6, [RowRun(0, 0, 5), RowRun(5, 0, 1)], [], 0)),
    }


@pytest.mark.parametrize("fault", broken_maps())
def test_inconsistent_maps_are_refused(tmp_path: Path, fault: str) -> None:
    message, broken = broken_maps()[fault]
    maker = models_in(tmp_path, {"w": torch.ones(5, 2)}, {"w": torch.ones(3, 2)})
    how = operation("linear", {"normalize": False}, [{"weight": 1}] * 2)
    inputs = [cut_input(maker, 0, rows=0), cut_input(maker, 1)]
    with pytest.raises(WorkerError, match=message) as caught:
        run_plan(step_plan(maker, [5, 2], inputs, how=how, row_maps=[broken]))
    assert caught.value.code == "plan-invalid"


def test_maps_where_there_can_be_none_are_refused(tmp_path: Path) -> None:
    maker = models_in(tmp_path, {"w": torch.ones(2, 2)}, {"w": torch.ones(2, 3)}, {"w": torch.tensor(1.0)})
    identity = RowMap(2, [RowRun(0, 0, 2)], [], 0)
    with pytest.raises(WorkerError, match="row map of w of model 0"):
        run_plan(step_plan(maker, [2, 2], [cut_input(maker, 0, rows=1)], row_maps=[identity]))
    with pytest.raises(WorkerError, match="cannot be copied as it is"):
        run_plan(step_plan(maker, [2, 2], [cut_input(maker, 0, rows=0)], how=None, row_maps=[identity]))
    with pytest.raises(WorkerError, match="has no rows"):
        run_plan(step_plan(maker, [], [cut_input(maker, 2, rows=0)], row_maps=[identity]))
    scalar = RowMap(2, [RowRun(0, 0, 1)], [RowFill(1, 1, [RowOrigin(2, 0)])], 0)
    how = operation("linear", {"normalize": False}, [{"weight": 1}] * 2)
    inputs = [cut_input(maker, 0, rows=0), cut_input(maker, 2)]
    with pytest.raises(WorkerError, match="row 0 of model 2"):
        run_plan(step_plan(maker, [2, 2], inputs, how=how, row_maps=[scalar]))


def test_a_vector_is_mapped_into_a_single_row(tmp_path: Path) -> None:
    weight = torch.arange(5.0)
    maker = models_in(tmp_path, {"w": weight})
    source = cut_input(maker, 0, rows=0)
    plan = step_plan(maker, [1, 4], [source], row_maps=[row_map([3, 0, [(0, 2), (0, 4)]])])
    assert torch.equal(run_plan(plan)["w"], torch.tensor([[3.0, 0.0, 3.0, 0.0]]))
    copied = step_plan(maker, [1, 5], [cut_input(maker, 0)], how=None)
    assert torch.equal(run_plan(copied)["w"], weight[None])
    with pytest.raises(WorkerError, match="does not fit w"):
        run_plan(step_plan(maker, [2, 5], [cut_input(maker, 0)]))


def test_a_model_that_takes_part_twice_maps_each_tensor_of_its_own(tmp_path: Path) -> None:
    first, second = torch.arange(6.0).reshape(3, 2), torch.arange(10.0, 16).reshape(3, 2)
    maker = models_in(tmp_path, {"w": first, "v": second}, {"w": -first})
    inputs = [cut_input(maker, 0, rows=0), cut_input(maker, 0, rows=0, name="v"), cut_input(maker, 1, rows=1)]
    maps = [row_map([2, 0, [(0, 1)]]), row_map([0, 1, [(0, 2)]])]
    for weights, expected in [((1, 0, 0), first[[2, 0, 1]]), ((0, 1, 0), second[[2, 0, 1]])]:
        how = operation("linear", {"normalize": False}, [{"weight": weight} for weight in weights])
        merged = run_plan(step_plan(maker, [3, 2], inputs, how=how, row_maps=maps))["w"]
        assert torch.equal(merged, expected)
    how = operation("linear", {"normalize": False}, [{"weight": weight} for weight in (0, 0, 1)])
    merged = run_plan(step_plan(maker, [3, 2], inputs, how=how, row_maps=maps))["w"]
    # Another model's fills come from the tensor that is named first.
    assert torch.equal(merged, torch.stack([-first[0], -first[1], first[2]]))
