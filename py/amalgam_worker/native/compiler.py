"""The C++ compiler of this machine, and what it is told."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

# Bits must not depend on the compiler: no contraction, no reordering, no flushing.
_FLAGS = (
    "-std=c++17",
    "-O3",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-exceptions",
    "-fno-rtti",
    "-fvisibility=hidden",
    "-fPIC",
)
_WIDE = "-mprefer-vector-width=512"


@dataclass(frozen=True, slots=True)
class Compiler:
    """A program, with the arguments that always go with it."""

    command: tuple[str, ...]

    @property
    def identity(self) -> str:
        """Changes when the program is replaced; without running it."""
        path = os.path.realpath(self.command[0])
        facts = os.stat(path)
        return f"{path} {facts.st_size} {facts.st_mtime_ns} {self.command[1:]}"

    def version(self) -> str:
        """The first line of what it says of itself; empty where it does not run."""
        try:
            said = subprocess.run(
                [*self.command, "--version"], capture_output=True, text=True, timeout=20, check=True
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        return said.stdout.partition("\n")[0].strip()


def find_compiler(environment: Mapping[str, str]) -> Compiler | None:
    """`$CXX`, c++, g++ or clang++, whichever is there first; a `CXX` that is not there is not replaced."""
    wanted = environment.get("CXX", "").strip()
    for command in [_words(wanted)] if wanted else [["c++"], ["g++"], ["clang++"]]:
        path = shutil.which(command[0], path=environment.get("PATH"))
        if path is not None:
            return Compiler((path, *command[1:]))
    return None


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        # A quote that does not end: no program has such a name.
        return [command]


def flags() -> tuple[str, ...]:
    """To compile for this machine's processor."""
    machine = platform.machine().lower()
    native = "-mcpu=native" if machine in ("arm64", "aarch64") else "-march=native"
    return (*_FLAGS, native, *([_WIDE] if machine in ("x86_64", "amd64") else []))


def processor() -> str:
    """What this processor can do, as far as the system tells: code for it may not run on another."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            told = sorted({line for line in lines if line.startswith(("flags", "Features", "CPU part"))})
    except OSError:
        told = [_mac_processor()] if sys.platform == "darwin" else []
    return "\n".join([sys.platform, platform.machine(), *told])


def _mac_processor() -> str:
    try:
        said = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout
