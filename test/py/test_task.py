"""How a step goes from pass to pass."""

from __future__ import annotations

from amalgam_worker.methods.method import BLOCK, Reduction
from amalgam_worker.protocol import Step, StepOutput
from amalgam_worker.task import Task

STEP = Step("w", [3 * BLOCK], None, [], None, StepOutput(0, 0, 6 * BLOCK, "BF16"))


def test_no_piece_of_a_pass_can_be_had_before_it_is_open() -> None:
    every = Reduction(lambda *_: [], lambda *_: {})
    last = Reduction(lambda *_: [], lambda *_: {}, only=lambda statistics: 2)
    task = Task(0, STEP, None, 3 * BLOCK, BLOCK, (every, last, every))
    extents = []
    for _ in range(3):
        task.next = task.stop
        assert not task.finish_phase()
        assert task.next == task.stop
        task.open_phase()
        extents.append((task.next, task.stop))
    assert extents == [(2 * BLOCK, 3 * BLOCK), (0, 3 * BLOCK), (0, 3 * BLOCK)]
    assert task.finish_phase()
