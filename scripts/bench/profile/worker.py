"""amalgam's worker with clocks around what its threads do: `python worker.py FILE`.

After each merge FILE holds the seconds of the merge and of its parts, those of the threads summed, as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from clocks import Clocks

from amalgam_worker import engine
from amalgam_worker.__main__ import main
from amalgam_worker.lane import Lane
from amalgam_worker.methods import METHODS
from amalgam_worker.methods.method import Method, Parameters, Reduction
from amalgam_worker.schedule import Schedule
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.writer import ShardFiles

clocks = Clocks()

# What is not inside one of the others counts for the one around it.
FUNCTIONS: list[tuple[object, str, str]] = [
    (Schedule, "take", "wait"),
    (Schedule, "finish", "gather"),
    (InputFiles, "read", "read"),
    (Lane, "_load", "convert"),
    (Lane, "_store", "check, cast"),
    (Lane, "_copy", "kernel copy"),
    (ShardFiles, "write", "write"),
    (ShardFiles, "__init__", "reserve"),
    (ShardFiles, "close", "flush to disk"),
    (engine, "_work", "rest of the threads"),
    (engine, "_run", "threads"),
]


def timed_reduction(reduction: Reduction) -> Reduction:
    """With its measure under its name."""
    name = reduction.measure.__name__.strip("_").replace("_", " ")
    return replace(reduction, measure=clocks.timed(name, reduction.measure))


def timed_method(method: Method) -> Method:
    """With clocks around each pass."""

    def reductions(parameters: Parameters) -> tuple[Reduction, ...]:
        return tuple(timed_reduction(each) for each in method.reductions(parameters))

    return replace(method, combine=clocks.timed("combine", method.combine), reductions=reductions)


def writing_parts(run_merge: Callable[..., engine.Totals], path: Path) -> Callable[..., engine.Totals]:
    """Merges, then writes down where the time went."""

    def run(*args: Any) -> engine.Totals:
        clocks.take()
        totals = clocks.timed("begin", run_merge)(*args)
        path.write_text(json.dumps({"seconds": totals.seconds, "parts": clocks.take()}), encoding="utf-8")
        return totals

    return run


if __name__ == "__main__":
    for owner, name, label in FUNCTIONS:
        setattr(owner, name, clocks.timed(label, getattr(owner, name)))
    METHODS.update({name: timed_method(method) for name, method in METHODS.items()})
    engine.run_merge = writing_parts(engine.run_merge, Path(sys.argv[1]))
    main()
