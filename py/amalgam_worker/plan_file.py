"""Reading a plan, and finding out whether its input files are still those it was made for."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager

from amalgam_worker.document import decode_document
from amalgam_worker.errors import WorkerError, read_error
from amalgam_worker.plan_check import check_plan
from amalgam_worker.protocol import InputFile, Plan
from amalgam_worker.wire import WireError


def load_plan(path: str) -> Plan:
    """Reads and checks the plan at `path`.

    Raises:
        WorkerError: read-failed; plan-invalid, naming the place; file-changed, naming file and change.
    """
    with _collector_paused():
        try:
            plan = decode_document(Plan, _read_text(path))
        except (WireError, UnicodeDecodeError) as error:
            raise WorkerError("plan-invalid", f"{path}: {error}") from error
        check_plan(plan)
    for input_file in plan.files:
        check_unchanged(input_file)
    return plan


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A large plan is millions of objects without cycles, which the collector would walk again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read_text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read().decode()
    except OSError as error:
        raise read_error(error, path) from error


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
