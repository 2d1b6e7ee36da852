"""What one thread does with a piece of a tensor, in memory that it uses again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch

from amalgam_worker.errors import WorkerError
from amalgam_worker.methods.method import (
    SAMPLE_ELEMENTS,
    SAMPLE_SHARE,
    SAMPLE_WINDOW,
    Chunk,
    Partial,
    Reduction,
)
from amalgam_worker.schedule import Piece
from amalgam_worker.task import Computation, Task
from amalgam_worker.tensors.buffers import ByteBuffer
from amalgam_worker.tensors.cast import cast_finite
from amalgam_worker.tensors.dtypes import TORCH_DTYPES
from amalgam_worker.tensors.sink import Sink
from amalgam_worker.tensors.stored import StoredTensor, StoredValues, stored_tensor
from amalgam_worker.tensors.workspace import Workspace
from amalgam_worker.unmoved import are_alike

Send = Callable[[Piece, torch.Tensor], None]


class Lane:
    """One thread's buffers and its way of loading, measuring, combining, checking and storing.

    Args:
        send: takes the merged elements, of shape [n], of a piece instead; they stay valid until the next one.
    """

    def __init__(self, workspace: Workspace, sink: Sink, send: Send | None = None) -> None:
        self._sink = sink
        self._send = send
        self._workspace = workspace
        self._output = ByteBuffer()

    @property
    def bytes_read(self) -> int:
        """Bytes of the input files that were read or copied."""
        return self._workspace.bytes_read

    def run(self, piece: Piece) -> list[Partial]:
        """Does a piece; returns what was measured of its blocks, in order, or nothing once it is written."""
        computation, reduction = piece.task.computation, piece.task.reduction
        if computation is None:
            self._copy(piece)
            return []
        if piece.task.comparing:
            self._compare(piece)
            return []
        if piece.task.unmoved:
            size = computation.alike[0].dtype.itemsize
            self._copy_bytes(piece, computation.alike[0], piece.start * size, piece.stop * size)
            return []
        statistics, parameters = piece.task.statistics, computation.parameters
        if reduction is not None:
            parts = self._parts(computation, reduction, piece)
            return [reduction.measure(part, statistics, parameters) for part in parts]
        chunk = self._load(computation, piece.start, piece.stop - piece.start)
        store = self._send or self._store
        store(piece, computation.method.combine(chunk, statistics, parameters))
        return []

    def _parts(self, computation: Computation, reduction: Reduction, piece: Piece) -> Iterable[Chunk]:
        """What is measured at a time; each is valid until the next one."""
        if reduction.sampled:
            return (self._load(computation, start, count) for start, count in _sample_runs(piece))
        chunk = self._load(computation, piece.start, piece.stop - piece.start)
        return chunk.blocks() if reduction.partials == "per block" else [chunk]

    def _load(self, computation: Computation, start: int, count: int) -> Chunk:
        taken: list[torch.Tensor] = []
        on_host = self._workspace.scratch.device.type == "cpu"
        for slot, (source, twin) in enumerate(computation.sources):
            if twin is not None:
                taken.append(taken[twin])
                continue
            # Methods may be able to compute with what is stored; on its way to a device it is cast.
            take = source.read if on_host and isinstance(source, StoredValues) else source.take
            taken.append(take(self._workspace, f"source {slot}", start, count))
        base, inputs = (taken[0], taken[1:]) if computation.has_base else (None, taken)
        return Chunk(computation.facts, start, base, inputs, self._workspace.scratch, computation.dtype)

    def _store(self, piece: Piece, values: torch.Tensor) -> None:
        step = piece.task.step
        dtype = TORCH_DTYPES[step.output.dtype]
        if not cast_finite(values, self._output.tensor(dtype, values.numel())):
            raise not_finite(piece.task)
        data = self._output.view(values.numel() * dtype.itemsize)
        self._sink.write(step.output, piece.start * dtype.itemsize, data)

    def _copy(self, piece: Piece) -> None:
        step, count = piece.task.step, piece.stop - piece.start
        first = stored_tensor(step.inputs[0].parts)
        for other in step.inputs[1:]:
            if not self._equal(first, stored_tensor(other.parts), piece.start, count):
                raise WorkerError(
                    "inputs-differ",
                    f"{step.tensor} must be the same in all models, but {other.tensor} of another differs",
                )
        self._copy_bytes(piece, first, piece.start, piece.stop)

    def _copy_bytes(self, piece: Piece, stored: StoredTensor, start: int, stop: int) -> None:
        self._workspace.bytes_read += stop - start
        for file, offset, size in stored.spans(start, stop - start):
            self._sink.copy(piece.task.step.output, start, size, self._workspace.files, file, offset)
            start += size

    def _compare(self, piece: Piece) -> None:
        task = piece.task
        if task.differs or task.computation is None:
            return
        sources = task.computation.alike
        size = sources[0].dtype.itemsize
        if not are_alike(self._workspace, sources, piece.start * size, (piece.stop - piece.start) * size):
            task.differs = True

    def _equal(self, one: StoredTensor, other: StoredTensor, start: int, count: int) -> bool:
        buffers = [self._workspace.buffer(name) for name in ("source 0", "source 1")]
        for buffer, stored in zip(buffers, (one, other), strict=True):
            stored.read(self._workspace, start, buffer.view(count))
        return buffers[0].holds(buffers[1], count)


def _sample_runs(piece: Piece) -> Iterator[tuple[int, int]]:
    """First elements and lengths of what is sampled of the windows that begin in the piece."""
    size = piece.task.size
    run = max(SAMPLE_WINDOW // SAMPLE_SHARE, -(-SAMPLE_WINDOW * SAMPLE_ELEMENTS // size))
    if size <= SAMPLE_WINDOW:
        run = size if piece.stop == size else SAMPLE_ELEMENTS
    for start in range(-(-piece.start // SAMPLE_WINDOW) * SAMPLE_WINDOW, piece.stop, SAMPLE_WINDOW):
        yield start, min(run, size - start)


def not_finite(task: Task) -> WorkerError:
    """The failure of a task whose elements are not numbers of the output's type."""
    return WorkerError(
        "non-finite",
        f"{task.step.tensor} would hold values that are not finite as {task.step.output.dtype}",
        "an input holds NaN or infinity, weights sum to zero, or the output type is too narrow: try float32",
    )
