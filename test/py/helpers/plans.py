"""Tiny checkpoints on disk and complete plans for them, made without the planner and without safetensors."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, cast, get_args

import torch

from amalgam_worker import wire
from amalgam_worker.protocol import (
    Dtype,
    Estimate,
    InputFile,
    LoraUpdate,
    Operation,
    Plan,
    PlanModel,
    Shard,
    Step,
    StepInput,
    StepOutput,
    TensorRange,
)
from amalgam_worker.tensors.dtypes import TORCH_DTYPES, item_size

DTYPE_NAMES = {TORCH_DTYPES[name]: name for name in get_args(Dtype)}
Tensors = Mapping[str, torch.Tensor]


def tensor_bytes(tensor: torch.Tensor) -> bytes:
    """The tensor's elements as they are stored."""
    if tensor.numel() == 0:
        return b""
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()


def header_text(tensors: Mapping[str, tuple[Dtype, Sequence[int]]]) -> str:
    """A padded safetensors header for tensors stored one after the other."""
    entries: dict[str, Any] = {}
    position = 0
    for name, (dtype, shape) in tensors.items():
        size = prod(shape) * item_size(dtype)
        entries[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, position + size]}
        position += size
    text = json.dumps(entries)
    return text + " " * (-len(text.encode()) % 8)


def write_checkpoint(path: Path, tensors: Tensors) -> None:
    """Writes a safetensors file."""
    header = header_text({name: (DTYPE_NAMES[t.dtype], t.shape) for name, t in tensors.items()}).encode()
    body = b"".join(tensor_bytes(t) for t in tensors.values())
    path.write_bytes(len(header).to_bytes(8, "little") + header + body)


def read_checkpoint(path: Path) -> dict[str, torch.Tensor]:
    """Reads a safetensors file with nothing of the worker's."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        low, high = (8 + length + offset for offset in entry["data_offsets"])
        dtype = TORCH_DTYPES[cast(Dtype, entry["dtype"])]
        flat = (
            torch.frombuffer(bytearray(data[low:high]), dtype=dtype)
            if high > low
            else torch.empty(0, dtype=dtype)
        )
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


class PlanMaker:
    """Writes models into a folder and lists their tensors' places."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[InputFile] = []
        self.models: list[PlanModel] = []
        self.places: list[dict[str, TensorRange]] = []

    def add_model(self, tensors: Tensors) -> int:
        """Writes a checkpoint; returns the model's number."""
        number = len(self.models)
        path = self.folder / f"model-{number}.safetensors"
        write_checkpoint(path, tensors)
        facts = os.stat(path)
        self.files.append(InputFile(str(path), facts.st_size, str(facts.st_mtime_ns)))
        position = facts.st_size - sum(t.numel() * t.element_size() for t in tensors.values())
        places = {}
        for name, tensor in tensors.items():
            size = tensor.numel() * tensor.element_size()
            places[name] = TensorRange(number, position, size, DTYPE_NAMES[tensor.dtype], list(tensor.shape))
            position += size
        self.places.append(places)
        self.models.append(PlanModel(path.name, str(path), None, "input", 0, facts.st_size))
        return number

    def source(self, model: int, name: str, lora: LoraUpdate | None = None) -> StepInput:
        """A model's tensor as an input of a step."""
        place = self.places[model][name]
        return StepInput(model, name, place.shape, [place], None, lora)

    def plan(
        self,
        steps: Sequence[tuple[str, int | None, StepInput | None, Sequence[StepInput]]],
        operations: Sequence[Operation],
        dtype: torch.dtype | None = None,
        seed: int = 0,
    ) -> Plan:
        """A plan with one shard; each step is (name, operation, base, inputs)."""
        shapes = {name: inputs[0].parts[0].shape for name, _, _, inputs in steps}
        dtypes = {
            name: inputs[0].parts[0].dtype if dtype is None or operation is None else DTYPE_NAMES[dtype]
            for name, operation, _, inputs in steps
        }
        header = header_text({name: (dtypes[name], shapes[name]) for name in shapes})
        position = 8 + len(header.encode())
        planned = []
        for name, operation, base, inputs in steps:
            size = prod(shapes[name]) * item_size(dtypes[name])
            output = StepOutput(0, position, size, dtypes[name])
            planned.append(Step(name, list(shapes[name]), operation, base, list(inputs), output))
            position += size
        return Plan(
            version=1,
            hash="0" * 64,
            method=operations[0].method if operations else "passthrough",
            seed=seed,
            models=self.models,
            files=self.files,
            operations=list(operations),
            row_maps=[],
            shards=[Shard("model.safetensors", header, position)],
            steps=planned,
            adapter_steps=[],
            side_files=[],
            estimate=Estimate(0, position, 0, 0.0),
        )


def save_plan(plan: Plan, path: Path) -> Path:
    """Writes a plan as the host does."""
    path.write_text(json.dumps(wire.encode(plan)))
    return path


def operation(
    method: str,
    shared: Mapping[str, bool | float | str],
    per_input: Sequence[Mapping[str, bool | float | str]],
) -> Operation:
    """An operation from plain dictionaries."""
    return Operation(cast(Any, method), dict(shared), [dict(values) for values in per_input])


def changed(plan: Plan, **fields: Any) -> Plan:
    """The plan with some fields replaced."""
    return dataclasses.replace(plan, **fields)


def merge_request(plan: Plan, folder: Path) -> dict[str, object]:
    """Parameters of a request to merge a plan into the folder, in two threads."""
    path = save_plan(plan, folder / "plan.json")
    return {
        "job": 1,
        "planPath": str(path),
        "directory": str(folder),
        "device": "cpu",
        "threads": 2,
        "chunkElements": None,
        "part": None,
    }
