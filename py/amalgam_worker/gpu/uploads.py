"""Stored bytes on their way to a GPU: read into pinned memory, copied as they are, cast over there."""

from __future__ import annotations

from collections.abc import Callable

import torch

from amalgam_worker.gpu.streams import Event, Stream, Streams
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.workspace import Workspace

# While one buffer is copied the next one is filled.
DEPTH = 2


class Slot:
    """A buffer on either side of the bus, as large as was ever asked for."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self.pinned = torch.empty(0, dtype=torch.uint8)
        self.device = torch.empty(0, dtype=torch.uint8)
        # When the device's side was used last by the stream that does not copy.
        self.used: Event | None = None
        # When the last copy was done.
        self.copied: Event | None = None

    def fit(self, count: int) -> None:
        """Makes both sides `count` bytes at least; what travels between them is waited for."""
        if count <= len(self.pinned):
            return
        if self.copied is not None:
            self._streams.finish(self.copied)
        self.device = self._streams.on_device(count)
        self.pinned = self._streams.pinned(count)
        self.used, self.copied = self._streams.record("compute"), None


class Ring:
    """Slots that are used in turn."""

    def __init__(self, streams: Streams) -> None:
        self._slots = [Slot(streams) for _ in range(DEPTH)]
        self._turn = 0

    def next(self) -> Slot:
        """The slot that was used longest ago."""
        self._turn = (self._turn + 1) % DEPTH
        return self._slots[self._turn]


class UploadWorkspace(Workspace):
    """A workspace on a GPU: what is loaded is enqueued, and there when the compute stream comes to it."""

    def __init__(self, files: InputFiles, streams: Streams) -> None:
        super().__init__(files, streams.device)
        self._streams = streams
        self._rings: dict[str, Ring] = {}

    def load(
        self,
        name: str,
        stored: torch.dtype,
        dtype: torch.dtype,
        count: int,
        read: Callable[[memoryview], None],
    ) -> torch.Tensor:
        """See `Workspace`."""
        streams, size = self._streams, count * stored.itemsize
        slot = self._rings.setdefault(name, Ring(streams)).next()
        slot.fit(size)
        pinned, raw = slot.pinned[:size], slot.device[:size]
        if slot.copied is not None:
            streams.finish(slot.copied)
        streams.host(pinned, writes=True)
        read(pinned.numpy().data)
        slot.copied = _after(streams, slot.used, "copy in", raw, pinned)
        values = self.scratch.take(name, count, dtype)
        slot.used = _after(streams, slot.copied, "compute", values, raw.view(stored))
        return values


def _after(
    streams: Streams, event: Event | None, stream: Stream, target: torch.Tensor, source: torch.Tensor
) -> Event:
    """Enqueues a copy behind an event; when it is done."""
    if event is not None:
        streams.wait(stream, event)
    streams.copy(stream, target, source)
    return streams.record(stream)
