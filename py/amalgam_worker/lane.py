"""What one thread does with a piece of a tensor, in memory that it uses again and again."""

from __future__ import annotations

import torch

from amalgam_worker.errors import WorkerError
from amalgam_worker.methods.method import Chunk, Partial
from amalgam_worker.protocol import StepInput
from amalgam_worker.schedule import Piece
from amalgam_worker.task import Computation, Source, Task
from amalgam_worker.tensors.buffers import ByteBuffer, Scratch
from amalgam_worker.tensors.dtypes import TORCH_DTYPES, overflow_limit
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.sink import Sink


class Lane:
    """One thread's buffers and its way of loading, measuring, combining, checking and storing."""

    def __init__(self, files: InputFiles, sink: Sink, device: torch.device) -> None:
        self._files = files
        self._sink = sink
        self._scratch = Scratch(device)
        self._stored: list[ByteBuffer] = []
        self._output = ByteBuffer()
        self.bytes_read = 0

    def run(self, piece: Piece) -> list[Partial]:
        """Does a piece; returns what was measured of its blocks, in order, or nothing once it is written."""
        computation, reduction = piece.task.computation, piece.task.reduction
        if computation is None:
            self._copy(piece)
            return []
        chunk = self._load(computation, piece)
        statistics, parameters = piece.task.statistics, computation.parameters
        if reduction is not None:
            parts = chunk.blocks() if reduction.partials == "per block" else [chunk]
            return [reduction.measure(part, statistics, parameters) for part in parts]
        self._store(piece, computation.method.combine(chunk, statistics, parameters))
        return []

    def _load(self, computation: Computation, piece: Piece) -> Chunk:
        slots = len(computation.inputs) + 1
        while len(self._stored) < slots:
            self._stored.append(ByteBuffer())
        inputs = [
            self._values(slot, source, computation.dtype, piece)
            for slot, source in enumerate(computation.inputs, 1)
        ]
        base = (
            None if computation.base is None else self._values(0, computation.base, computation.dtype, piece)
        )
        return Chunk(computation.facts, piece.start, base, inputs, self._scratch)

    def _values(self, slot: int, source: Source, dtype: torch.dtype, piece: Piece) -> torch.Tensor:
        """Elements of a source in the compute dtype on the device, with its LoRA update."""
        count, size = piece.stop - piece.start, source.dtype.itemsize
        buffer = self._stored[slot]
        self._read(source.file, source.offset + piece.start * size, buffer.view(count * size))
        values = buffer.tensor(source.dtype, count)
        if source.dtype != dtype or self._scratch.device.type != "cpu":
            values = self._scratch.take(f"source {slot}", count, dtype).copy_(values)
        if source.lora is not None:
            source.lora.add_to(values, piece.start)
        return values

    def _store(self, piece: Piece, values: torch.Tensor) -> None:
        step = piece.task.step
        dtype = TORCH_DTYPES[step.output.dtype]
        if not _fits(torch.stack(torch.aminmax(values)), dtype):
            raise _not_finite(piece.task)
        self._output.tensor(dtype, values.numel()).copy_(values)
        data = self._output.view(values.numel() * dtype.itemsize)
        self._sink.write(step.output, piece.start * dtype.itemsize, data)

    def _copy(self, piece: Piece) -> None:
        step = piece.task.step
        first, count = step.inputs[0], piece.stop - piece.start
        for other in step.inputs[1:]:
            if not self._equal(first, other, piece.start, count):
                raise WorkerError(
                    "inputs-differ",
                    f"{step.tensor} must be the same in all models, but {other.tensor} of another differs",
                )
        self.bytes_read += count
        source = first.parts[0]
        self._sink.copy(
            step.output, piece.start, count, self._files, source.file, source.offset + piece.start
        )

    def _equal(self, one: StepInput, other: StepInput, start: int, count: int) -> bool:
        views = []
        for slot, source in enumerate((one.parts[0], other.parts[0])):
            while len(self._stored) <= slot:
                self._stored.append(ByteBuffer())
            views.append(self._stored[slot].view(count))
            self._read(source.file, source.offset + start, views[slot])
        return views[0] == views[1]

    def _read(self, file: int, offset: int, target: memoryview) -> None:
        self._files.read(file, offset, target)
        self.bytes_read += len(target)


def _fits(extremes: torch.Tensor, dtype: torch.dtype) -> bool:
    """Whether the least and the greatest value, and so all between them, stay finite when cast.

    Some types saturate where others become infinite, hence two conditions.
    """
    within = extremes.abs().to(torch.float64) <= overflow_limit(dtype)
    return bool((within & extremes.to(dtype).to(torch.float64).isfinite()).all())


def _not_finite(task: Task) -> WorkerError:
    return WorkerError(
        "non-finite",
        f"{task.step.tensor} would hold values that are not finite as {task.step.output.dtype}",
        "an input holds NaN or infinity, weights sum to zero, or the output type is too narrow: try float32",
    )
