"""Notifications thinned to what an eye can follow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from types import TracebackType

# At most 20 a second: a reader that repaints its screen must never slow the work down.
INTERVAL = 0.05


class Coalescer:
    """Keeps the latest value per key and sends it every INTERVAL seconds from a thread of its own.

    Leaving the context sends what is still unsent, so the final value of every key always arrives.

    Args:
        send: called with a value, never by two threads at once.
        on_tick: called every INTERVAL seconds too; for example to sample memory.
    """

    def __init__(self, send: Callable[[object], None], on_tick: Callable[[], object]) -> None:
        self._send = send
        self._on_tick = on_tick
        self._latest: dict[Hashable, object] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="coalescer", daemon=True)

    def put(self, key: Hashable, value: object) -> None:
        """Replaces the unsent value of `key`; never blocks on the reader."""
        with self._lock:
            self._latest[key] = value

    def __enter__(self) -> Coalescer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        closed = False
        while not closed:
            closed = self._closed.wait(INTERVAL)
            self._on_tick()
            with self._lock:
                values, self._latest = list(self._latest.values()), {}
            for value in values:
                self._send(value)
