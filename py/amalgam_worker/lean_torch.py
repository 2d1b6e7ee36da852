"""Imports torch without what only tracing needs, which takes a fifth of its import.

`torch._meta_registrations` tells compilers, and tensors without numbers, what shape a result has. Operations
that are carried out at once never ask it.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

_SHAPES = "torch._meta_registrations"


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
    stand_in = sys.modules[_SHAPES] = _Later(_SHAPES)
    try:
        importlib.import_module("torch")
    finally:
        _withdraw(stand_in)


def import_shapes() -> ModuleType:
    """Imports what was left out: to be called before anything is traced, or made without numbers."""
    stand_in = sys.modules.get(_SHAPES)
    if isinstance(stand_in, _Later):
        _withdraw(stand_in)
    return importlib.import_module(_SHAPES)


def _withdraw(stand_in: _Later) -> None:
    if sys.modules.get(_SHAPES) is stand_in:
        del sys.modules[_SHAPES]
