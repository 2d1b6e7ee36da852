"""TIES that trims whole models: rankings over all tensors, against numpy on joined task vectors."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.engine import Settings, execute
from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import LoraUpdate, Operation, Plan, RowMap, StepInput
from helpers import reference
from helpers.awkward import awkward_models
from helpers.plans import PlanMaker, Tensors, changed, operation
from helpers.reference import Array, Doubt, Values, exact
from helpers.reference_masks import largest_masks
from helpers.reference_rows import Origin, mapped, row_map
from helpers.run import MemorySink, run_plan

SHARED: Values = {
    "normalize": False,
    "rescale": "none",
    "lambda": 1,
    "int8_mask": False,
    "dialect": "paper",
    "trim_scope": "model",
}
CUTS = [(1, 65_536), (2, 131_072), (8, 65_536), (2, 1 << 20)]


def ties(shared: Values, weights: Sequence[float], densities: Sequence[float]) -> Operation:
    per_input = [{"weight": w, "density": p} for w, p in zip(weights, densities, strict=True)]
    return operation("ties", shared, per_input)


def scoped_plan(
    folder: Path, models: Sequence[Tensors], steps: Sequence[tuple[str, int]], operations: Sequence[Operation]
) -> Plan:
    """Merges tensors in this order, each with the operation of that number; the first model is the base."""
    maker = PlanMaker(folder)
    base, *inputs = [maker.add_model(tensors) for tensors in models]
    planned = [
        (name, how, maker.source(base, name), [maker.source(model, name) for model in inputs])
        for name, how in steps
    ]
    return maker.plan(planned, operations, torch.float32)


def masks_of(deltas: Sequence[Array], densities: Sequence[float]) -> list[Doubt]:
    """What is kept of one model's task vectors, of each density apart."""
    masks = [np.full(delta.shape, density >= 1) for delta, density in zip(deltas, densities, strict=True)]
    for density in {density for density in densities if 0 < density < 1}:
        places = [place for place, own in enumerate(densities) if own == density and deltas[place].size]
        found = largest_masks([deltas[place] for place in places], density) if places else []
        for place, mask in zip(places, found, strict=True):
            masks[place] = mask
    return masks


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("dialect", ["mergekit", "paper", "peft"])
@pytest.mark.parametrize(("normalize", "rescale"), [(True, "none"), (False, "l1"), (True, "inverse_density")])
def test_against_float64(
    tmp_path: Path, dtype: torch.dtype, dialect: str, normalize: bool, rescale: str
) -> None:
    models = awkward_models(3, dtype)
    shared: Values = {**SHARED, "normalize": normalize, "rescale": rescale, "dialect": dialect}
    weights, densities = (0.5, -1.0, 2.0), [(0.2, 0.5, 1.0), (0.2, 0.3, 0.0)]
    # Neither in the order of the files nor of the operations.
    steps = [(name, place % 2) for place, name in enumerate(sorted(models[0], reverse=True))]
    operations = [ties(shared, weights, each) for each in densities]
    merged = run_plan(scoped_plan(tmp_path, models, steps, operations), threads=2, chunk_elements=65_536)
    base, *inputs = ([exact(model[name]) for name, _ in steps] for model in models)
    masks = [
        masks_of(
            [ours - theirs for ours, theirs in zip(values, base, strict=True)],
            [densities[how][number] for _, how in steps],
        )
        for number, values in enumerate(inputs)
    ]
    for place, (name, how) in enumerate(steps):
        expected, doubtful = reference.task_arithmetic_family(
            "ties",
            base[place],
            [values[place] for values in inputs],
            shared,
            operations[how].per_input,
            seed=0,
            name=name,
            masks={number: mask[place] for number, mask in enumerate(masks)},
        )
        assert doubtful.sum() <= 1e-3 * doubtful.size
        scale = max(np.abs(values[place]).max(initial=0) for values in inputs)
        error = np.abs(exact(merged[name]) - expected)[~doubtful]
        assert error.max(initial=0) <= 1e-5 * scale, name


def few_values(shape: Sequence[int], generator: torch.Generator) -> torch.Tensor:
    """Magnitudes 0, 1/4, 1/2 and 3/4, which bf16 holds and of which many are equal."""
    return (torch.randint(-3, 4, tuple(shape), generator=generator) * 0.25).bfloat16()


def kept(deltas: Sequence[Array], densities: Sequence[float]) -> list[Array]:
    masks = masks_of(deltas, densities)
    return [delta * mask for delta, mask in zip(deltas, masks, strict=True)]


@pytest.mark.parametrize(("threads", "chunk"), CUTS)
@pytest.mark.parametrize("density", [1e-9, 0.2, 0.4, 0.57, 0.9, 0.999999, 1.0, 0.0])
def test_exactly_k_are_kept_the_first_of_equal_ones(
    tmp_path: Path, threads: int, chunk: int, density: float
) -> None:
    generator = torch.Generator().manual_seed(11)
    shapes = {"a": (300, 500), "b": (7,), "c": (2, 65_536), "d": (), "e": (65_537,), "f": (1, 3)}
    tuned = {name: few_values(shape, generator) for name, shape in shapes.items()}
    base = {name: torch.zeros_like(tensor) for name, tensor in tuned.items()}
    order = ["e", "d", "a", "f", "c", "b"]
    steps = [(name, 0) for name in order]
    plan = scoped_plan(tmp_path, [base, tuned], steps, [ties(SHARED, [1], [density])])
    merged = run_plan(plan, threads, chunk)
    expected = kept([exact(tuned[name]) for name in order], [density] * len(order))
    for name, values in zip(order, expected, strict=True):
        assert np.array_equal(exact(merged[name]), values), name


SIZES = st.integers(0, 40)
DENSITY = st.sampled_from([0.0, 0.1, 0.35, 0.7, 1.0])


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(SIZES, DENSITY, DENSITY), min_size=1, max_size=6), st.randoms(use_true_random=False)
)
def test_each_density_is_a_ranking_of_its_own(
    tensors: list[tuple[int, float, float]], random: Random
) -> None:
    generator = torch.Generator().manual_seed(len(tensors))
    names = [f"t{place}" for place in range(len(tensors))]
    tuned = {name: few_values([size], generator) for name, (size, _, _) in zip(names, tensors, strict=True)}
    base = {name: torch.zeros_like(tensor) for name, tensor in tuned.items()}
    operations = [ties(SHARED, [1, 2], densities) for _, *densities in tensors]
    steps = [(name, place) for place, name in enumerate(names)]
    random.shuffle(steps)
    with tempfile.TemporaryDirectory() as folder:
        plan = scoped_plan(Path(folder), [base, tuned, base], steps, operations)
        merged = run_plan(plan, threads=2)
    expected = kept([exact(tuned[name]) for name, _ in steps], [tensors[place][1] for _, place in steps])
    for (name, _), values in zip(steps, expected, strict=True):
        assert np.array_equal(exact(merged[name]), values)


def adapted(folder: Path, densities: Sequence[float]) -> tuple[Plan, list[Array]]:
    """A plain tensor, one with a LoRA, rows in another order; and their exact task vectors."""
    generator = torch.Generator().manual_seed(3)
    names, shapes = ["plain", "lora", "rows"], [(90, 40), (400, 300), (500, 6)]
    base = {name: few_values(shape, generator) for name, shape in zip(names, shapes, strict=True)}
    tuned = {name: few_values(shape, generator) for name, shape in zip(names, shapes, strict=True)}
    adapter = {"a": few_values((2, 300), generator), "b": few_values((400, 2), generator)}
    maker = PlanMaker(folder)
    first, second, third = (maker.add_model(tensors) for tensors in (base, tuned, adapter))
    order: list[Origin] = [*range(100, 500), *range(100)]
    maps: list[RowMap] = [row_map(order)]
    update = LoraUpdate(maker.places[third]["a"], maker.places[third]["b"], 0.5, False, None)
    sources: list[StepInput] = [
        maker.source(second, "plain"),
        maker.source(second, "lora", update),
        dataclasses.replace(maker.source(second, "rows"), rows=0),
    ]
    steps = [
        (name, place, maker.source(first, name), [source])
        for place, (name, source) in enumerate(zip(names, sources, strict=True))
    ]
    operations = [ties(SHARED, [1], [density]) for density in densities]
    plan = changed(maker.plan(steps, operations, torch.float32), row_maps=maps)
    wide = {name: exact(tensor) for name, tensor in tuned.items()}
    wide["lora"] = wide["lora"] + 0.5 * (exact(adapter["b"]) @ exact(adapter["a"]))
    wide["rows"] = mapped(wide["rows"], [exact(base["rows"]), wide["rows"]], order)
    return plan, [wide[name] - exact(base[name]) for name in names]


@pytest.mark.parametrize(("threads", "chunk"), CUTS)
@pytest.mark.parametrize("densities", [(0.3, 0.3, 0.3), (0.5, 0.25, 0.5), (0.4, 1, 0.4)])
def test_adapters_and_mapped_rows_are_ranked_as_they_are_merged(
    tmp_path: Path, threads: int, chunk: int, densities: tuple[float, ...]
) -> None:
    plan, deltas = adapted(tmp_path, densities)
    merged = run_plan(plan, threads, chunk)
    for place, values in enumerate(kept(deltas, densities)):
        step = plan.steps[place]
        base = run_plan(changed(plan, operations=[ties(SHARED, [1], [0])] * 3))[step.tensor]
        assert np.array_equal(exact(merged[step.tensor]), exact(base) + values), step.tensor


def test_a_model_that_takes_part_twice_is_ranked_each_time(tmp_path: Path) -> None:
    base = {"a": torch.zeros(5), "b": torch.zeros(3)}
    tuned = {"a": torch.tensor([1.0, 5, 2, 5, 3]), "b": torch.tensor([4.0, 5, 1])}
    maker = PlanMaker(tmp_path)
    first, second = maker.add_model(base), maker.add_model(tuned)
    steps = [(name, 0, maker.source(first, name), [maker.source(second, name)] * 2) for name in ("a", "b")]
    # Three of eight entries each; together it would be seven of sixteen.
    merged = run_plan(maker.plan(steps, [ties(SHARED, [1, 1], [0.45, 0.45])]))
    assert [merged["a"].tolist(), merged["b"].tolist()] == [[0, 10, 0, 10, 0], [0, 10, 0]]


def many_steps(folder: Path) -> Plan:
    generator = torch.Generator().manual_seed(1)
    tuned = {"a": few_values([65_536], generator)}
    plan = scoped_plan(
        folder, [{"a": torch.zeros_like(tuned["a"])}, tuned], [("a", 0)], [ties(SHARED, [1], [0.5])]
    )
    return changed(plan, steps=plan.steps * 1000)


def test_cancelling_ends_the_survey(tmp_path: Path) -> None:
    plan, asked, seen = many_steps(tmp_path), [0], set[tuple[int, int, str]]()
    sink = MemorySink(plan.shards[0].bytes)

    def stop() -> bool:
        asked[0] += 1
        return asked[0] > 1500

    how = Settings(torch.device("cpu"), 2, 65_536)
    with pytest.raises(WorkerError) as caught:
        execute(plan, sink, how, lambda *state: seen.add(state), stop)
    assert caught.value.code == "cancelled"
    assert asked[0] < 1510
    # The tensor shows before anything is written.
    assert seen == {(0, 0, "a")}
    assert not any(sink.bytes)


@pytest.mark.parametrize(("scope", "times"), [("tensor", 2), ("model", 4)])
def test_a_survey_reads_three_times_what_is_read_once_of_a_small_tensor(
    tmp_path: Path, scope: str, times: int
) -> None:
    shared: Values = {**SHARED, "dialect": "mergekit", "trim_scope": scope}
    plan = changed(many_steps(tmp_path), operations=[ties(shared, [1], [0.5])])
    sink = MemorySink(plan.shards[0].bytes)
    how = Settings(torch.device("cpu"), 1, 65_536)
    read = execute(plan, sink, how, lambda *state: None, lambda: False)
    assert read == times * len(plan.steps) * 2 * plan.steps[0].inputs[0].parts[0].bytes
