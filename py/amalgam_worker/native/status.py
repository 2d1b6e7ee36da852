"""What `amalgam doctor` says of the compiled kernels."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from amalgam_worker.native.build import find_built
from amalgam_worker.native.compiler import Compiler, find_compiler
from amalgam_worker.native.failure import read_failure
from amalgam_worker.native.start import LEAST_TO_BUILD, SWITCH, is_switched_off, kernels_folder

_PLAIN = "merges use plain torch"


def describe(environment: Mapping[str, str]) -> tuple[str, str, str | None]:
    """The state, `ok`, `note` or `warning`; one line; and what would mend it."""
    if is_switched_off(environment):
        return "note", f"not compiled ({SWITCH}={environment[SWITCH].strip()}): {_PLAIN}", None
    folder, compiler = kernels_folder(environment), find_compiler(environment)
    if folder is None:
        return "note", f"not compiled, there is no folder for them: {_PLAIN}", None
    if compiler is None:
        named = environment.get("CXX", "").strip()
        found = f"no {named} (CXX)" if named else "no C++ compiler"
        return (
            "note",
            f"not compiled, there is {found}: {_PLAIN}",
            "install g++ (Debian and Ubuntu: apt install g++)",
        )
    library = find_built(folder, compiler)
    if library is not None:
        return _loaded(library, compiler)
    failure = read_failure(folder, compiler)
    if failure is not None:
        return "warning", f"cannot be compiled: {_PLAIN}: {failure}", "set CXX to another C++ compiler"
    nearest = _existing(folder)
    if not (nearest.is_dir() and os.access(nearest, os.W_OK)):
        return "warning", f"{folder} cannot be written: {_PLAIN}", "set AMALGAM_HOME to another folder"
    version = compiler.version() or compiler.command[0]
    at_first = f"at the first merge of {LEAST_TO_BUILD // 10**9} GB or more"
    return "note", f"will be compiled {at_first}, with {version}", None


def _loaded(library: Path, compiler: Compiler) -> tuple[str, str, str | None]:
    from amalgam_worker.native.library import LoadError, in_use, load

    try:
        left_out = load(library)
    except LoadError as error:
        return "warning", f"cannot be loaded: {_PLAIN}: {error}", "set AMALGAM_HOME to another folder"
    if left_out:
        names = ", ".join(left_out)
        return (
            "warning",
            f"these differ from torch and are not used: {names}",
            "set CXX to another C++ compiler",
        )
    return "ok", f"{len(in_use())} compiled and ready, with {compiler.version() or compiler.command[0]}", None


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def main() -> None:
    """Prints what `describe` tells as one line of JSON."""
    state, text, fix = describe(os.environ)
    print(json.dumps({"state": state, "text": text, "fix": fix}))


if __name__ == "__main__":
    main()
