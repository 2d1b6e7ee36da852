"""The memory of merges as a worker process tells it."""

from __future__ import annotations

from helpers.worker import WorkerProcess

Params = dict[str, object]


def _peak(worker: WorkerProcess, params: Params) -> int:
    return int(worker.request("merge", params)["result"]["peakMemory"])


def peaks(medium: Params, large: Params) -> tuple[int, int]:
    """Bytes of both merges in one worker, the medium one first.

    Memory is sampled, and a short merge may end between two samples: its figure is the highest of three.
    """
    with WorkerProcess() as worker:
        return max(_peak(worker, medium) for _ in range(3)), _peak(worker, large)
