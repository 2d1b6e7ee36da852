"""Which thread does what next."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from amalgam_worker.methods.method import Partial
from amalgam_worker.task import Task


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one task's present pass: [start, stop) in the task's units."""

    task: Task
    start: int
    stop: int


class Schedule:
    """Hands out pieces in file order, so that a huge tensor is shared by all threads and small ones by none.

    A pass of a task begins when the pass before it is complete; meanwhile idle threads open further tasks,
    never more than there are threads.

    Args:
        tasks: in the order in which they are to be begun.
        stop: asked before every piece; once it is true no more pieces are handed out.
        on_done: called under a lock with a task and the size of a piece that has been written, and once more,
            with size 0 and true, when the task has ended.
    """

    def __init__(
        self, tasks: Iterator[Task], stop: Callable[[], bool], on_done: Callable[[Task, int, bool], None]
    ) -> None:
        self._tasks = tasks
        self._stop = stop
        self._on_done = on_done
        self._active: list[Task] = []
        self._changed = threading.Condition()
        self.error: BaseException | None = None
        self.complete = False

    def take(self, wait: bool = True) -> Piece | None:
        """The next piece, waiting for one if need be; None when the work is complete, failed or stopped.

        Without `wait` also where the next piece needs what others, or the caller, have not handed back yet.
        """
        with self._changed:
            while self.error is None and not self.complete and not self._stop():
                piece = self._next_piece()
                if piece is not None:
                    return piece
                if not wait:
                    return None
                if not self.complete:
                    self._changed.wait()
            self._changed.notify_all()
            return None

    def finish(self, piece: Piece, partials: list[Partial]) -> None:
        """Takes back a piece that is done, with what was measured of its blocks."""
        task = piece.task
        task.keep(piece.start, partials)
        with self._changed:
            task.outstanding -= 1
            if task.writing:
                self._on_done(task, piece.stop - piece.start, False)
            if task.outstanding > 0 or task.next < task.stop:
                self._changed.notify_all()
                return
        is_last = task.finish_phase()
        with self._changed:
            if is_last:
                self._active.remove(task)
                self._on_done(task, 0, True)
            else:
                task.open_phase()
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """Stops everything; the first error is kept."""
        with self._changed:
            self.error = self.error or error
            self._changed.notify_all()

    def _next_piece(self) -> Piece | None:
        for task in self._active:
            if task.next < task.stop:
                return _cut(task)
        for task in self._tasks:
            if task.size == 0:
                self._on_done(task, 0, True)
                continue
            self._active.append(task)
            return _cut(task)
        self.complete = not self._active
        return None


def _cut(task: Task) -> Piece:
    start = task.next
    task.next = min(start + task.piece, task.stop)
    task.outstanding += 1
    return Piece(task, start, task.next)
