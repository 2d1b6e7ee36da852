"""Merged tensors kept in memory, for a model that is built from them and never stored."""

from __future__ import annotations

import torch

from amalgam_worker.protocol import Plan, StepOutput
from amalgam_worker.tensors.dtypes import TORCH_DTYPES
from amalgam_worker.tensors.reader import InputFiles


class MemorySink:
    """A sink with a buffer for each output tensor, all made when it is opened.

    Raises:
        MemoryError: they do not fit. Their pages are used only as they are written, though.
    """

    def __init__(self, plan: Plan) -> None:
        self._steps = plan.steps
        self._buffers = {_place(step.output): bytearray(step.output.bytes) for step in plan.steps}

    def write(self, output: StepOutput, start: int, data: memoryview) -> None:
        """Stores `data` from byte `start` of the tensor on."""
        self._view(output, start, len(data))[:] = data

    def copy(
        self, output: StepOutput, start: int, count: int, files: InputFiles, file: int, offset: int
    ) -> None:
        """Reads the bytes to where they stay; raises WorkerError as the reader does."""
        files.read(file, offset, self._view(output, start, count))

    def take(self) -> dict[str, torch.Tensor]:
        """The tensors by name, each in memory of its own; the sink is empty then."""
        tensors = {}
        for step in self._steps:
            dtype, buffer = TORCH_DTYPES[step.output.dtype], self._buffers.pop(_place(step.output))
            flat = torch.frombuffer(buffer, dtype=dtype) if buffer else torch.empty(0, dtype=dtype)
            tensors[step.tensor] = flat.reshape(step.shape)
        return tensors

    def _view(self, output: StepOutput, start: int, count: int) -> memoryview:
        return memoryview(self._buffers[_place(output)])[start : start + count]


def _place(output: StepOutput) -> tuple[int, int, int]:
    """Tells outputs apart: of two at one offset, one is empty."""
    return output.shard, output.offset, output.bytes
