"""Failures that people can act on, with the codes of the protocol."""

from __future__ import annotations

import errno
from typing import get_args

from amalgam_worker.protocol import WorkerErrorCode

_FULL = {errno.ENOSPC, errno.EDQUOT}
_MEMORY_REFUSED = ("not enough memory", "out of memory")
_MORE_MEMORY = "use fewer threads, a smaller chunk, or close other programs"


class WorkerError(Exception):
    """A failure with a stable code, a sentence for people, and where possible a hint to act on."""

    def __init__(self, code: WorkerErrorCode, message: str, hint: str | None = None) -> None:
        if code not in get_args(WorkerErrorCode):
            raise ValueError(f"unknown error code {code}")
        super().__init__(message)
        self.code: WorkerErrorCode = code
        self.message = message
        self.hint = hint


def cancelled() -> WorkerError:
    """The error with which a job ends that was asked to stop."""
    return WorkerError("cancelled", "cancelled")


def write_error(error: OSError, path: str) -> WorkerError:
    """The error of a failed write to `path`."""
    if error.errno in _FULL:
        return WorkerError(
            "no-space", f"no space left while writing {path}", "free some disk space and run again"
        )
    return WorkerError("write-failed", f"cannot write {path}: {error.strerror}")


def read_error(error: OSError, path: str) -> WorkerError:
    """The error of a failed read of `path`."""
    return WorkerError("read-failed", f"cannot read {path}: {error.strerror}")


def as_worker_error(error: BaseException) -> WorkerError:
    """Gives any exception the code that fits it; what is not foreseen is `internal`."""
    if isinstance(error, WorkerError):
        return error
    if is_out_of_memory(error):
        return WorkerError("out-of-memory", f"out of memory: {error}".rstrip(": "), _MORE_MEMORY)
    if isinstance(error, OSError) and error.errno in _FULL:
        return write_error(error, str(error.filename or "the output"))
    if isinstance(error, ModuleNotFoundError) and error.name is not None:
        package = error.name.partition(".")[0]
        return WorkerError(
            "package-missing", f"the Python package {package} is missing", f"pip install {package}"
        )
    return WorkerError("internal", f"{type(error).__name__}: {error}")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory was refused, here or on a device.

    torch's own class is recognised by name, so that this module does not import torch.
    """
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return True
    if any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    # Memory that is pinned is refused by the driver, in its own words.
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _MEMORY_REFUSED)
