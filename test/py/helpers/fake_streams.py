"""A device without a GPU: computes on the CPU, and checks that nothing but chance keeps work in order.

Each thread and each stream counts its own steps and knows up to which step of every other it comes after, by
what it has waited for (vector clocks: Fidge 1988, Mattern 1989). An access to a buffer that does not come
after the accesses before it is a hazard: a real device may read too early or overwrite too early.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch

from amalgam_worker.gpu.streams import Event, Stream
from helpers.fake_gpu import GPU, FakeGpu, GpuTensor, on_gpu

Clock = dict[str, int]


class HazardError(AssertionError):
    """An access that nothing puts after an earlier one."""


@dataclass(frozen=True, slots=True)
class FakeEvent:
    stream: Stream
    clock: Clock


@dataclass(slots=True)
class _History:
    """Accesses to one buffer: who made them, and at which of their steps."""

    memory: torch.Tensor
    written: Clock = field(default_factory=dict)
    read: Clock = field(default_factory=dict)


class FakeStreams:
    """See `Streams`.

    Args:
        ignored: who does not wait for what: a stream or `host`, and a stream.
        capacity: bytes of the largest buffer that the device has room for.
    """

    def __init__(self, ignored: tuple[str, Stream] | None = None, capacity: int | None = None) -> None:
        self.device = GPU
        self.crossed = 0  # bytes that were copied over the bus
        self.waited: set[tuple[str, Stream]] = set()
        self._ignored = ignored
        self._capacity = capacity
        self._lock = threading.Lock()
        self._clocks: dict[str, Clock] = {}
        self._histories: dict[int, _History] = {}

    def pinned(self, count: int) -> torch.Tensor:
        return self._known(count)

    def on_device(self, count: int) -> torch.Tensor:
        if self._capacity is not None and count > self._capacity:
            raise torch.OutOfMemoryError(f"tried to allocate {count} bytes")
        memory = on_gpu(self._known(count))
        with self._lock:
            # The allocator gives away again what the compute stream may be using still.
            self._access(self._enqueue("compute"), memory, True)
        return memory

    def copy(self, stream: Stream, target: torch.Tensor, source: torch.Tensor) -> None:
        with self._lock:
            actor = self._enqueue(stream)
            self._access(actor, source, False)
            self._access(actor, target, True)
            if stream != "compute":
                assert target.dtype == source.dtype == torch.uint8
                assert isinstance(target, GpuTensor) == (stream == "copy in") != isinstance(source, GpuTensor)
                self.crossed += target.numel()
        target.copy_(source)

    def record(self, stream: Stream) -> FakeEvent:
        with self._lock:
            self._enqueue(stream)
            return FakeEvent(stream, dict(self._clock(stream)))

    def wait(self, stream: Stream, event: Event) -> None:
        with self._lock:
            self._enqueue(stream)
            self._join(stream, stream, event)

    def finish(self, event: Event) -> None:
        with self._lock:
            self._join(_host(), "host", event)

    def host(self, memory: torch.Tensor, writes: bool) -> None:
        with self._lock:
            actor = _host()
            self._clock(actor)[actor] += 1
            self._access(actor, memory, writes)

    def computing(self) -> AbstractContextManager[object]:
        return FakeGpu()

    def release(self) -> None:
        pass

    def _known(self, count: int) -> torch.Tensor:
        memory = torch.full((count,), 0xA5, dtype=torch.uint8)
        with self._lock:
            # The history holds the memory, so that no other one gets its address.
            self._histories[_key(memory)] = _History(memory)
        return memory

    def _clock(self, actor: str) -> Clock:
        return self._clocks.setdefault(actor, {actor: 0})

    def _enqueue(self, stream: Stream) -> str:
        """What is enqueued comes after all that this thread has done and waited for."""
        _merge(self._clock(stream), self._clock(_host()))
        self._clock(stream)[stream] += 1
        return stream

    def _join(self, actor: str, kind: str, event: Event) -> None:
        assert isinstance(event, FakeEvent)
        self.waited.add((kind, event.stream))
        if (kind, event.stream) != self._ignored:
            _merge(self._clock(actor), event.clock)

    def _access(self, actor: str, memory: torch.Tensor, writes: bool) -> None:
        history = self._histories.get(_key(memory))
        if history is None:
            return
        clock = self._clock(actor)
        for before in (history.written, history.read) if writes else (history.written,):
            for other, step in before.items():
                if clock.get(other, 0) < step:
                    kind = "writes" if writes else "reads"
                    raise HazardError(f"{actor} {kind} what {other} may not be done with")
        (history.written if writes else history.read)[actor] = clock[actor]


def _host() -> str:
    return f"host {threading.get_ident()}"


def _key(memory: torch.Tensor) -> int:
    return memory.untyped_storage().data_ptr()


def _merge(clock: Clock, other: Clock) -> None:
    for actor, step in other.items():
        clock[actor] = max(clock.get(actor, 0), step)
