"""The three streams of a GPU: bytes travel in and out while it computes."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Literal, Protocol, get_args

import torch

Stream = Literal["copy in", "compute", "copy out"]


class Event(Protocol):
    """A place in a stream: everything enqueued before it."""

    @property
    def stream(self) -> Stream:
        """The stream that it was recorded in."""


class Streams(Protocol):
    """What a lane needs of a device; safe to use from several threads.

    Work in one stream happens in order. Between two streams, or a stream and this thread, only waiting for
    an event puts it in order.
    """

    device: torch.device

    def pinned(self, count: int) -> torch.Tensor:
        """Host memory, uint8 [count], from which and into which the device copies by itself."""

    def on_device(self, count: int) -> torch.Tensor:
        """Device memory, uint8 [count], that the compute stream may have used until now.

        Raises:
            torch.OutOfMemoryError: there is not so much.
        """

    def copy(self, stream: Stream, target: torch.Tensor, source: torch.Tensor) -> None:
        """Enqueues a copy, with a cast where the types differ; returns at once."""

    def record(self, stream: Stream) -> Event:
        """The place that a stream has been filled up to."""

    def wait(self, stream: Stream, event: Event) -> None:
        """What is enqueued from now on happens after the event; returns at once."""

    def finish(self, event: Event) -> None:
        """Returns once the event has happened."""

    def host(self, memory: torch.Tensor, writes: bool) -> None:
        """Says that this thread is about to read or write pinned memory."""

    def computing(self) -> AbstractContextManager[object]:
        """What torch computes in this context, in this thread, is enqueued in the compute stream."""

    def release(self) -> None:
        """Waits for all streams and gives memory that nothing refers to back to the device."""


class CudaEvent:
    """See `Event`."""

    def __init__(self, stream: Stream) -> None:
        self.stream: Stream = stream
        # Waiting must leave the processor to the threads that read and write.
        self.place = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]


class CudaStreams:
    """The streams of a CUDA device, shared by all lanes, so that results of one can be used by another."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._streams: dict[Stream, torch.cuda.Stream] = {
            name: torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            for name in get_args(Stream)
        }

    def pinned(self, count: int) -> torch.Tensor:
        """See `Streams`."""
        return torch.empty(count, dtype=torch.uint8, pin_memory=True)

    def on_device(self, count: int) -> torch.Tensor:
        """See `Streams`."""
        with self.computing():
            return torch.empty(count, dtype=torch.uint8, device=self.device)

    def copy(self, stream: Stream, target: torch.Tensor, source: torch.Tensor) -> None:
        """See `Streams`."""
        with torch.cuda.stream(self._streams[stream]):
            target.copy_(source, non_blocking=True)

    def record(self, stream: Stream) -> CudaEvent:
        """See `Streams`."""
        event = CudaEvent(stream)
        event.place.record(self._streams[stream])
        return event

    def wait(self, stream: Stream, event: Event) -> None:
        """See `Streams`."""
        assert isinstance(event, CudaEvent)
        self._streams[stream].wait_event(event.place)

    def finish(self, event: Event) -> None:
        """See `Streams`."""
        assert isinstance(event, CudaEvent)
        event.place.synchronize()

    def host(self, memory: torch.Tensor, writes: bool) -> None:
        """See `Streams`."""

    def computing(self) -> AbstractContextManager[object]:
        """See `Streams`."""
        return torch.cuda.stream(self._streams["compute"])

    def release(self) -> None:
        """See `Streams`."""
        torch.cuda.synchronize(self.device)
        torch.cuda.empty_cache()
