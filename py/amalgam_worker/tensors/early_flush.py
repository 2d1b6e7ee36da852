"""Lets the disk begin with what has been written, so that little is left when all of it must be durable."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

# Of <linux/fs.h>: begins to write dirty pages, and waits for none.
_SYNC_FILE_RANGE_WRITE = 2


def begin_flush(descriptor: int) -> None:
    """Asks the kernel to write the file's dirty pages now; does nothing where it cannot be asked."""
    call = _sync_file_range()
    if call is not None:
        call(descriptor, 0, 0, _SYNC_FILE_RANGE_WRITE)


@cache
def _sync_file_range() -> Any:
    try:
        call = ctypes.CDLL(None).sync_file_range
    except (AttributeError, OSError, TypeError):
        return None
    call.argtypes, call.restype = [ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint], ctypes.c_int
    return call
