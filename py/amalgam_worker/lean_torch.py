"""Imports torch without what only tracing needs, which takes a fifth of its import.

`torch._meta_registrations` tells compilers, and tensors without numbers, what shape a result has. Operations
that are carried out at once never ask it. Where there is a GPU all is imported: that was never tried.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_SHAPES = "torch._meta_registrations"
# Versions with which every test of a merge has run like this; others are imported whole.
_KNOWN = ("2.13.",)


class _Later(ModuleType):
    """Stands in for the module until something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(import_shapes(), name)


def import_lean() -> None:
    """Imports torch, unless it is there. Raises ImportError as the import does."""
    if "torch" in sys.modules:
        return
    if not _version().startswith(_KNOWN):
        importlib.import_module("torch")
        return
    stand_in = sys.modules[_SHAPES] = _Later(_SHAPES)
    try:
        torch = importlib.import_module("torch")
    finally:
        _withdraw(stand_in)
    if torch.accelerator.is_available():
        import_shapes()


def import_shapes() -> ModuleType:
    """Imports what was left out: to be called before anything is traced, or made without numbers."""
    stand_in = sys.modules.get(_SHAPES)
    if isinstance(stand_in, _Later):
        _withdraw(stand_in)
    return importlib.import_module(_SHAPES)


def seeded(seed: int) -> torch.Generator:
    """A generator of random numbers on the CPU; torch 2.13 makes none before that module is there."""
    import_shapes()
    from torch import Generator

    return Generator().manual_seed(seed)


def _withdraw(stand_in: _Later) -> None:
    if sys.modules.get(_SHAPES) is stand_in:
        del sys.modules[_SHAPES]


def _version() -> str:
    """That of the torch that an import finds; empty where it cannot be told without one."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return ""
    try:
        lines = Path(found.origin).with_name("version.py").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return ""
    told = (line.partition("=")[2].strip(" \"'") for line in lines if line.startswith("__version__"))
    return next(told, "")
