"""Chunks that become smaller when a GPU runs out of memory."""

from __future__ import annotations

import threading
from collections.abc import Callable

from amalgam_worker.errors import WorkerError
from amalgam_worker.methods.method import BLOCK
from amalgam_worker.task import Task

Warn = Callable[[str], None]


class ChunkLimit:
    """The most elements at a time, for all lanes of a device; None: as many as the plan's pieces have."""

    def __init__(self, device: str, warn: Warn) -> None:
        self._device = device
        self._warn = warn
        self._lock = threading.Lock()
        self._told: int | None = None
        self.elements: int | None = None

    def stop(self, task: Task, start: int, stop: int) -> int:
        """Where to stop at the latest, of [start, stop)."""
        return stop if self.elements is None or _is_whole(task) else min(stop, start + self.elements)

    def lower(self, task: Task, count: int) -> None:
        """Brings chunks down to the next power of two below `count` elements of a task, which were too many.

        Raises:
            WorkerError: out-of-memory; they cannot be smaller.
        """
        if _is_whole(task):
            raise self._too_little(f"{count:,} elements of {task.step.tensor}, which cannot be cut")
        if count <= BLOCK:
            raise self._too_little(f"{count:,} elements of {task.step.tensor}, the smallest chunk")
        with self._lock:
            lower: int = BLOCK << ((count - 1) // BLOCK).bit_length() - 1
            self.elements = lower if self.elements is None else min(lower, self.elements)

    def succeeded(self) -> None:
        """Says, once for each size, that chunks are smaller now."""
        if self.elements == self._told:
            return
        with self._lock:
            if self.elements != self._told and self.elements is not None:
                self._told = self.elements
                self._warn(
                    f"{self._device} ran out of memory: "
                    f"the merge goes on in chunks of {self.elements:,} elements"
                )

    def _too_little(self, what: str) -> WorkerError:
        return WorkerError(
            "out-of-memory",
            f"{self._device} has too little free memory for {what}",
            "end what else uses that GPU, or merge on the processor: --device cpu",
        )


def _is_whole(task: Task) -> bool:
    """Whether the tensor's shape alone may decide how it is cut."""
    computation = task.computation
    return computation is None or (
        computation.method.whole(computation.facts, computation.parameters) is not None
    )
