"""Removes from the folder of compiled kernels what nobody will use again."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

# How builds that are not complete yet are named.
UNFINISHED = "unfinished-"
OBJECTS = ".objects"
_ABANDONED_SECONDS = 3600
_UNUSED_SECONDS = 30 * 24 * 3600


def tidy(folder: Path) -> None:
    """Removes what builds have left that were killed, and libraries that were not used for thirty days."""
    for path in [*folder.glob(f"{UNFINISHED}*"), *folder.glob(f"*{OBJECTS}")]:
        if _age(path) > _ABANDONED_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
    for library in folder.glob("*.so"):
        if _age(library) > _UNUSED_SECONDS:
            # With what it was compared with.
            for path in folder.glob(f"{library.stem}*"):
                with suppress(OSError):
                    path.unlink()


def mark_used(library: Path) -> None:
    """Has a library kept for another thirty days, if that can be written down."""
    with suppress(OSError):
        os.utime(library)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
