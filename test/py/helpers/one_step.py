"""Plans of a single step whose inputs are cut into parts, mapped or smaller than the output."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from math import prod
from pathlib import Path

import torch

from amalgam_worker.protocol import LoraUpdate, Operation, Plan, RowMap, Step, StepInput, StepOutput
from amalgam_worker.tensors.dtypes import item_size
from helpers.plans import DTYPE_NAMES, PlanMaker, Tensors, changed, header_text, operation

LINEAR = operation("linear", {"normalize": False}, [{"weight": 1}])


def cut_input(
    maker: PlanMaker,
    model: int,
    cuts: Sequence[int] = (),
    rows: int | None = None,
    lora: LoraUpdate | None = None,
    name: str = "w",
) -> StepInput:
    """A model's tensor as parts that begin at the given elements, each part a vector."""
    place = maker.places[model][name]
    size, count = item_size(place.dtype), prod(place.shape)
    edges = [0, *cuts, count]
    parts = [
        dataclasses.replace(
            place, offset=place.offset + low * size, bytes=(high - low) * size, shape=[high - low]
        )
        for low, high in itertools.pairwise(edges)
    ]
    return StepInput(model, name, place.shape, parts, rows, lora)


def step_plan(
    maker: PlanMaker,
    shape: Sequence[int],
    inputs: Sequence[StepInput],
    base: StepInput | None = None,
    how: Operation | None = LINEAR,
    dtype: torch.dtype = torch.float32,
    row_maps: Sequence[RowMap] = (),
) -> Plan:
    """A plan that writes one tensor `w`."""
    named = DTYPE_NAMES[dtype]
    header = header_text({"w": (named, shape)})
    start, size = 8 + len(header.encode()), prod(shape) * item_size(named)
    step = Step(
        "w",
        list(shape),
        None if how is None else 0,
        base,
        list(inputs),
        StepOutput(0, start, size, named),
    )
    plan = maker.plan([], [] if how is None else [how])
    shard = dataclasses.replace(plan.shards[0], header=header, bytes=start + size)
    return changed(plan, steps=[step], shards=[shard], row_maps=list(row_maps))


def models_in(folder: Path, *models: Tensors) -> PlanMaker:
    """A folder with some models in it."""
    maker = PlanMaker(folder)
    for tensors in models:
        maker.add_model(tensors)
    return maker
