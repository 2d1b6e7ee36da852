"""Compiles the library into a folder, in which it is found again.

The name of the file holds the digest of what it is made from, and that of its own bytes: what is cut short or
overwritten is not taken for it. It appears under that name at once and whole. Objects are kept until then: a
merge that ends before its library is ready has not compiled in vain.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from amalgam_worker.native.compiler import Compiler, flags, processor
from amalgam_worker.native.tidy import OBJECTS, UNFINISHED, mark_used, tidy

SOURCES = Path(__file__).parent / "sources"
_SECONDS = 120


class BuildError(Exception):
    """Why there is no library; one line."""


def digest_of_sources(compiler: Compiler, sources: Path = SOURCES) -> str:
    """Of all that decides what the library is: sources, flags, compiler, processor."""
    digest = hashlib.sha256()
    for part in ("\n".join(flags()), compiler.identity, processor()):
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    for path in sorted(sources.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


def find_built(folder: Path, compiler: Compiler, sources: Path = SOURCES) -> Path | None:
    """The library, if it has been built."""
    for path in folder.glob(f"{digest_of_sources(compiler, sources)}-*.so"):
        try:
            if path.stem.partition("-")[2] == _digest(path):
                mark_used(path)
                return path
            path.unlink()
        except OSError:
            continue
    return None


def build(folder: Path, compiler: Compiler, sources: Path = SOURCES) -> Path:
    """Compiles at a slightly lower priority; the library.

    Raises:
        BuildError: the folder cannot be written, or the compiler fails.
    """
    try:
        return _build(folder, compiler, sources)
    except (OSError, BuildError) as error:
        # Another may have been quicker, and has tidied up.
        found = find_built(folder, compiler, sources)
        if found is not None:
            return found
        if isinstance(error, BuildError):
            raise
        raise BuildError(f"{folder}: {error.strerror or error}") from error


def _build(folder: Path, compiler: Compiler, sources: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tidy(folder)
    digest, command = digest_of_sources(compiler, sources), [*_lower_priority(), *compiler.command, *flags()]
    kept = folder / f"{digest}{OBJECTS}"
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder) as unfinished:
        objects = _compile(command, sources, kept, Path(unfinished))
        made = Path(unfinished) / "kernels.so"
        try:
            _run([*command, "-shared", *map(str, objects), "-o", str(made)])
        finally:
            # Also where one of them does not link: it would not the next time.
            shutil.rmtree(kept, ignore_errors=True)
        path = folder / f"{digest}-{_digest(made)}.so"
        made.replace(path)
        return path


def _compile(command: list[str], sources: Path, folder: Path, unfinished: Path) -> list[Path]:
    """The objects, of which some may be there already."""
    objects = []
    for unit in sorted(sources.glob("*.cpp")):
        made, kept = unfinished / f"{unit.stem}.o", folder / f"{unit.stem}.o"
        if not kept.exists():
            _run([*command, "-c", str(unit), "-o", str(made)])
            folder.mkdir(exist_ok=True)
            made.replace(kept)
        objects.append(kept)
    return objects


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{command[0]} takes longer than {_SECONDS} s") from error
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise BuildError(next((line for line in lines if "error" in line), lines[0]))


def _lower_priority() -> list[str]:
    # A little lower only: beside threads that never rest, the least priority would not end before they do.
    nice = shutil.which("nice")
    return [] if nice is None else [nice, "-n", "2"]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]
