"""Which code an exception gets."""

from __future__ import annotations

import errno

import pytest
import torch

from amalgam_worker.errors import WorkerError, as_worker_error


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WorkerError("read-failed", "x"), "read-failed"),
        (MemoryError(), "out-of-memory"),
        (torch.OutOfMemoryError("CUDA out of memory"), "out-of-memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: not enough memory: you tried"), "out-of-memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "out-of-memory"),
        (OSError(errno.ENOSPC, "No space left on device", "/out/x"), "no-space"),
        (ModuleNotFoundError("No module named 'peft'", name="peft.tuners"), "package-missing"),
        (KeyError("x"), "internal"),
        (OSError(errno.EIO, "Input/output error"), "internal"),
    ],
)
def test_codes(error: BaseException, code: str) -> None:
    assert as_worker_error(error).code == code


def test_messages_help() -> None:
    assert "/out/x" in as_worker_error(OSError(errno.ENOSPC, "No space left", "/out/x")).message
    assert as_worker_error(ModuleNotFoundError("x", name="peft.tuners")).hint == "pip install peft"


def test_a_code_that_the_protocol_does_not_know_cannot_be_raised() -> None:
    with pytest.raises(ValueError, match="unknown error code"):
        WorkerError("odd", "x")  # type: ignore[arg-type]
