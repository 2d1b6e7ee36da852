"""Reading a plan, and finding out whether its input files are still those it was made for."""

from __future__ import annotations

import os

from amalgam_worker import wire
from amalgam_worker.errors import WorkerError, read_error
from amalgam_worker.plan_check import check_plan
from amalgam_worker.protocol import InputFile, Plan


def load_plan(path: str) -> Plan:
    """Reads and checks the plan at `path`.

    Raises:
        WorkerError: read-failed; plan-invalid, naming the place; file-changed, naming file and change.
    """
    try:
        with open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        raise read_error(error, path) from error
    try:
        plan = wire.decode(Plan, wire.parse(text))
    except wire.WireError as error:
        raise WorkerError("plan-invalid", f"{path}: {error}") from error
    check_plan(plan)
    for input_file in plan.files:
        check_unchanged(input_file)
    return plan


def check_unchanged(file: InputFile) -> None:
    """Raises WorkerError `file-changed` where size or modification time differ from the plan's."""
    try:
        facts = os.stat(file.path)
    except OSError as error:
        raise _changed(file, f"it can no longer be read ({error.strerror})") from error
    if facts.st_size != file.bytes:
        raise _changed(file, f"its size is {facts.st_size} bytes, not {file.bytes}")
    if str(facts.st_mtime_ns) != file.modified:
        raise _changed(file, "it was modified")


def _changed(file: InputFile, what: str) -> WorkerError:
    return WorkerError(
        "file-changed", f"{file.path} has changed since the plan was made: {what}", "plan again"
    )
