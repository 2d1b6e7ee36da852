"""Which kernels gave the bits of torch: they are compared once for a torch and a processor."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import torch

from amalgam_worker.native.compiler import processor

_PACKAGE = Path(__file__).parents[1]
# Of this package, what decides the bits that torch gives.
_FOLDERS = ("kernels", "methods", "native", "native/checks", "tensors")


def recall(library: Path) -> list[str] | None:
    """Symbols of the library's kernels that differed or were missing; None where none was compared yet."""
    try:
        left_out = json.loads(_file(library).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return left_out if isinstance(left_out, list) else None


def remember(library: Path, left_out: list[str]) -> None:
    """Keeps what was found out, if there is a place for it."""
    file = _file(library)
    fresh = file.with_suffix(f".{os.getpid()}")
    try:
        fresh.write_text(json.dumps(left_out), encoding="utf-8")
        fresh.replace(file)
    except OSError:
        return


def _file(library: Path) -> Path:
    digest = hashlib.sha256("\n".join(_deciding()).encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return library.with_name(f"{library.stem}-{digest}.json")


def _deciding() -> Iterator[str]:
    """All that the bits of either side depend on, besides the library itself."""
    yield from (torch.__version__, str(torch.version.git_version), torch.backends.cpu.get_cpu_capability())
    yield processor()
    yield _state(Path(torch._C.__file__))
    for folder in _FOLDERS:
        yield from (_state(path) for path in sorted((_PACKAGE / folder).glob("*.py")))


def _state(path: Path) -> str:
    found = path.stat()
    return f"{path} {found.st_size} {found.st_mtime_ns}"
