"""Gets the library ready beside a merge, which never waits for it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from amalgam_worker.native.build import BuildError, build, find_built
from amalgam_worker.native.compiler import Compiler, find_compiler
from amalgam_worker.native.failure import note_failure

# The host names the folder; without one nothing is compiled.
FOLDER = "AMALGAM_KERNELS_FOLDER"
SWITCH = "AMALGAM_COMPILED_KERNELS"
# Merges of less are done before the library would be loaded, or compiled.
_LEAST_TO_LOAD = 32 * 10**6
LEAST_TO_BUILD = 10**9

_lock = threading.Lock()
_started: set[str] = set()


def note(text: str, environment: Mapping[str, str]) -> None:
    """Tells what becomes of the kernels who wants to know it."""
    if environment.get("AMALGAM_DEBUG"):
        print(f"compiled kernels: {text}", file=sys.stderr)


def prepare(input_bytes: int, environment: Mapping[str, str] = os.environ) -> None:
    """Begins to load the library, or to compile it, if a merge of so many bytes gains by that."""
    folder = kernels_folder(environment)
    if folder is None or input_bytes < _LEAST_TO_LOAD:
        return
    may_build = input_bytes >= LEAST_TO_BUILD
    with _lock:
        wanted = {"load", "build"} if may_build else {"load"}
        if wanted <= _started:
            return
        _started.update(wanted)
    compiler = find_compiler(environment)
    if compiler is None:
        note("no C++ compiler", environment)
    else:
        arguments = (folder, compiler, may_build, environment)
        threading.Thread(target=_prepare, args=arguments, name="kernels", daemon=True).start()


def kernels_folder(environment: Mapping[str, str]) -> Path | None:
    """Where the library is kept; None where the user does not want it, or nobody says where."""
    folder = environment.get(FOLDER)
    return None if not folder or is_switched_off(environment) else Path(folder)


def is_switched_off(environment: Mapping[str, str]) -> bool:
    """Whether the user has turned compiled kernels off."""
    return environment.get(SWITCH, "").strip().lower() in ("off", "0", "no", "false")


def _prepare(folder: Path, compiler: Compiler, may_build: bool, environment: Mapping[str, str]) -> None:
    from amalgam_worker.native.library import LoadError, in_use, load_compared

    if in_use():
        return
    started = time.monotonic()
    try:
        library = find_built(folder, compiler)
        if library is None and may_build:
            library = build(folder, compiler)
        if library is None:
            note("not compiled for so little", environment)
            return
        left_out = load_compared(library)
        without = f", without {', '.join(left_out)}" if left_out else ""
        note(f"in use after {time.monotonic() - started:.1f} s{without}", environment)
    # torch goes on; `amalgam doctor` tells why.
    except BuildError as error:
        note_failure(folder, compiler, str(error))
        note(str(error), environment)
    except (LoadError, OSError) as error:
        note(str(error), environment)
