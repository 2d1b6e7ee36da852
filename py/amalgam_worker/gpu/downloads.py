"""Merged elements on their way from a GPU into the sink: cast and checked over there, written late."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import torch

from amalgam_worker.gpu.streams import Event, Streams
from amalgam_worker.gpu.uploads import DEPTH, Ring, Slot
from amalgam_worker.lane import not_finite
from amalgam_worker.schedule import Piece
from amalgam_worker.tensors.dtypes import TORCH_DTYPES, fitting
from amalgam_worker.tensors.sink import Sink


@dataclass(frozen=True, slots=True)
class _Travelling:
    piece: Piece
    slot: Slot
    size: int
    arrived: Event


class Downloads:
    """Pieces whose elements travel, two at most."""

    def __init__(self, sink: Sink, streams: Streams) -> None:
        self._sink = sink
        self._streams = streams
        self._ring = Ring(streams)
        self._travelling: deque[_Travelling] = deque()

    def send(self, piece: Piece, values: torch.Tensor) -> None:
        """Enqueues the elements of a piece, of shape [n] on the device; writes what was sent two pieces ago.

        Raises:
            WorkerError: non-finite, of an earlier piece; the codes of the sink.
        """
        while len(self._travelling) >= DEPTH:
            self._land()
        streams, dtype = self._streams, TORCH_DTYPES[piece.task.step.output.dtype]
        size, slot = values.numel() * dtype.itemsize, self._ring.next()
        # One byte more says whether the elements fit the type.
        slot.fit(size + 1)
        device = slot.device[: size + 1]
        streams.copy("compute", device[:size].view(dtype), values)
        streams.copy("compute", device[size], fitting(values, dtype))
        streams.wait("copy out", streams.record("compute"))
        streams.copy("copy out", slot.pinned[: size + 1], device)
        slot.copied = streams.record("copy out")
        self._travelling.append(_Travelling(piece, slot, size, slot.copied))

    def has(self, piece: Piece) -> bool:
        """Whether a part of the piece travels still."""
        travelling = (each.piece for each in self._travelling)
        return any(part.task is piece.task and part.start < piece.stop for part in travelling)

    def drain(self) -> None:
        """Writes all that travels; raises as `send`."""
        while self._travelling:
            self._land()

    def _land(self) -> None:
        first = self._travelling.popleft()
        self._streams.finish(first.arrived)
        pinned = first.slot.pinned[: first.size + 1]
        self._streams.host(pinned, writes=False)
        data = pinned.numpy().data
        if not data[first.size]:
            raise not_finite(first.piece.task)
        output = first.piece.task.step.output
        start = first.piece.start * TORCH_DTYPES[output.dtype].itemsize
        self._sink.write(output, start, data[: first.size])
