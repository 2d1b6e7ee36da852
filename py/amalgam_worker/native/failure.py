"""Why the last build of the library failed, for `amalgam doctor`."""

from __future__ import annotations

from pathlib import Path

from amalgam_worker.native.build import digest_of_sources
from amalgam_worker.native.compiler import Compiler

_FAILURE = "failure.txt"


def note_failure(folder: Path, compiler: Compiler, reason: str) -> None:
    """Keeps the reason why a build failed, if there is a place for it."""
    try:
        (folder / _FAILURE).write_text(f"{digest_of_sources(compiler)} {reason}\n", encoding="utf-8")
    except OSError:
        return


def read_failure(folder: Path, compiler: Compiler) -> str | None:
    """Why the last build of the library failed, if it did and nothing has changed since."""
    try:
        digest, _, reason = (folder / _FAILURE).read_text(encoding="utf-8").strip().partition(" ")
    except OSError:
        return None
    return reason if digest == digest_of_sources(compiler) else None
