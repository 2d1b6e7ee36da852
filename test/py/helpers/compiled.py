"""The compiled kernels in tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from amalgam_worker.native.build import build
from amalgam_worker.native.compiler import Compiler, find_compiler
from amalgam_worker.native.kernel import Call
from amalgam_worker.native.library import load, unload
from amalgam_worker.native.table import TABLE


def compiler() -> Compiler:
    """This machine's; the test is skipped where there is none."""
    found = find_compiler(os.environ)
    if found is None:
        pytest.skip("no C++ compiler here")
    return found


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="amalgam-kernels-")


@cache
def library() -> Path:
    """The library, compiled once for all tests of this process."""
    return build(Path(_folder().name), compiler())


@cache
def _calls() -> list[Call | None]:
    """What the kernels call; one that is left out fails the test."""
    assert load(library()) == []
    calls = [kernel.call for kernel, _ in TABLE]
    unload()
    return calls


@contextmanager
def compiled() -> Iterator[None]:
    """Every kernel compiled."""
    for (kernel, _), call in zip(TABLE, _calls(), strict=True):
        kernel.call = call
    try:
        yield
    finally:
        unload()
