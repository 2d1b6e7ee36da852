"""Plans that merge the factors of one weight, and what they give."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import cast

import torch

from amalgam_worker.engine import Settings, execute
from amalgam_worker.plan_check import check_plan
from amalgam_worker.protocol import (
    AdapterInput,
    AdapterMode,
    AdapterStep,
    FactorOutput,
    LoraUpdate,
    Operation,
    Plan,
    StepOutput,
)
from amalgam_worker.tensors.dtypes import TORCH_DTYPES, item_size
from helpers.plans import DTYPE_NAMES, PlanMaker, changed, header_text, operation
from helpers.reference import Array, exact
from helpers.run import MemorySink

# A of shape [rank, in], B of shape [out, rank], scale; None: the adapter lacks the module.
Pair = tuple[torch.Tensor, torch.Tensor, float] | None
PASS = operation("passthrough", {}, [{"scale": 1}])


def random_pair(seed: int, out: int, rank: int, inner: int, scale: float) -> Pair:
    """An update that is not small."""
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(rank, inner, generator=generator)
    b = torch.randn(out, rank, generator=generator)
    return a, b, scale


def product(pair: Pair, shape: Sequence[int]) -> Array:
    """`scale * B @ A` in float64."""
    if pair is None:
        return exact(torch.zeros(*shape))
    a, b, scale = pair
    return scale * exact(b) @ exact(a)


def adapter_plan(
    folder: Path,
    pairs: Sequence[Pair],
    how: Operation,
    mode: str,
    rank: int,
    *,
    base: Pair | str = "no base",
    weight: torch.Tensor | None = None,
    transposed: bool = False,
    padding: str = "back",
    scale: float = 1.0,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Plan:
    """A plan for the weight `w`.

    Args:
        base: the base's own update, None for none; "no base" where the method has none.
        weight: what the update is added to; without one its factors are stored as `a` and `b`.
    """
    folder.mkdir(exist_ok=True)
    maker = PlanMaker(folder)
    own = [] if isinstance(base, str) else [base]
    models = [
        maker.add_model({} if pair is None else {"a": pair[0], "b": pair[1]}) for pair in [*own, *pairs]
    ]

    def source(number: int, pair: Pair) -> AdapterInput:
        if pair is None:
            return AdapterInput(number, None)
        places = maker.places[number]
        return AdapterInput(number, LoraUpdate(places["a"], places["b"], pair[2], transposed, None))

    sources = [source(number, pair) for number, pair in zip(models, [*own, *pairs], strict=True)]
    first = next(pair for pair in [*own, *pairs] if pair is not None)
    out, inner = first[1].shape[0], first[0].shape[1]
    named = DTYPE_NAMES[dtype]
    sizes = {"a": (named, [rank, inner]), "b": (named, [out, rank])}
    header = header_text(sizes)
    start = 8 + len(header.encode())
    outputs, place = [], start
    for _, shape in sizes.values():
        outputs.append(StepOutput(0, place, prod(shape) * item_size(named), named))
        place += outputs[-1].bytes
    step = AdapterStep(
        tensor="w",
        shape=[inner, out] if transposed else [out, inner],
        mode=cast(AdapterMode, mode),
        operation=0,
        base=None if isinstance(base, str) else sources[0],
        inputs=sources if isinstance(base, str) else sources[1:],
        rank=rank,
        padding="front" if padding == "front" else "back",
        scale=scale,
        factors=FactorOutput(*outputs) if weight is None else None,
        step=None if weight is None else 0,
    )
    if weight is not None:
        number = maker.add_model({"w": weight})
        plan = maker.plan([("w", 1, None, [maker.source(number, "w")])], [how, PASS], dtype, seed)
        return changed(plan, adapter_steps=[step])
    plan = maker.plan([], [how], seed=seed)
    return changed(
        plan, adapter_steps=[step], shards=[dataclasses.replace(plan.shards[0], header=header, bytes=place)]
    )


def run_factors(plan: Plan, threads: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """The factors A and B that a plan stores."""
    check_plan(plan)
    sink = MemorySink(plan.shards[0].bytes)
    reported: list[tuple[int, int, str]] = []
    execute(
        plan,
        sink,
        Settings(torch.device("cpu"), threads),
        lambda *progress: reported.append(progress),
        lambda: False,
    )
    (step,) = plan.adapter_steps
    assert step.factors is not None
    assert reported[-1][:2] == (step.factors.a.bytes + step.factors.b.bytes, 1)
    return _read(sink, step.factors.a, step.rank), _read(sink, step.factors.b, 1).reshape(-1, step.rank)


def _read(sink: MemorySink, output: StepOutput, rows: int) -> torch.Tensor:
    data = sink.bytes[output.offset : output.offset + output.bytes]
    return torch.frombuffer(data, dtype=TORCH_DTYPES[output.dtype]).reshape(rows, -1)
