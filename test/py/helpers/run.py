"""Runs a method on tensors in memory, through the whole engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch

from amalgam_worker.engine import Settings, execute
from amalgam_worker.gpu.streams import Streams
from amalgam_worker.plan_check import check_plan
from amalgam_worker.protocol import Plan, StepOutput
from amalgam_worker.tensors.dtypes import TORCH_DTYPES
from amalgam_worker.tensors.reader import InputFiles
from helpers.plans import PlanMaker, Tensors, operation

Values = Mapping[str, bool | float | str]


CPU = torch.device("cpu")


class MemorySink:
    """Keeps the output's bytes by their place in the shard."""

    def __init__(self, size: int) -> None:
        self.bytes = bytearray(size)

    def write(self, output: StepOutput, start: int, data: memoryview) -> None:
        position = output.offset + start
        self.bytes[position : position + len(data)] = data

    def copy(
        self, output: StepOutput, start: int, count: int, files: InputFiles, file: int, offset: int
    ) -> None:
        piece = bytearray(count)
        files.read(file, offset, memoryview(piece))
        self.write(output, start, memoryview(piece))


def run_plan(
    plan: Plan,
    threads: int = 1,
    chunk_elements: int = 262_144,
    stop: Callable[[], bool] = lambda: False,
    streams: Streams | None = None,
    warn: Callable[[str], None] = lambda message: None,
) -> dict[str, torch.Tensor]:
    """Executes a plan of one shard; the output tensors by name."""
    check_plan(plan)
    sink = MemorySink(plan.shards[0].bytes)
    settings = Settings(streams.device if streams else CPU, threads, chunk_elements, streams)
    execute(plan, sink, settings, lambda done, tensors, name: None, stop, None, warn)
    outputs = {}
    for step in plan.steps:
        dtype = TORCH_DTYPES[step.output.dtype]
        low, high = step.output.offset, step.output.offset + step.output.bytes
        flat = (
            torch.empty(0, dtype=dtype)
            if low == high
            else torch.frombuffer(sink.bytes[low:high], dtype=dtype)
        )
        outputs[step.tensor] = flat.reshape(step.shape)
    return outputs


def plan_method(
    folder: Path,
    method: str,
    base: Tensors | None,
    inputs: Sequence[Tensors],
    shared: Values,
    per_input: Sequence[Values],
    dtype: torch.dtype | None = None,
    seed: int = 0,
) -> Plan:
    """A plan that merges every tensor of the inputs with one method."""
    maker = PlanMaker(folder)
    numbers = [maker.add_model(tensors) for tensors in inputs]
    base_number = None if base is None else maker.add_model(base)
    steps = [
        (
            name,
            0,
            None if base_number is None else maker.source(base_number, name),
            [maker.source(number, name) for number in numbers],
        )
        for name in inputs[0]
    ]
    return maker.plan(steps, [operation(method, shared, per_input)], dtype, seed)
