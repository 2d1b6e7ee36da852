"""Loads the library and puts those of its kernels to use that give the bits of torch."""

from __future__ import annotations

import ctypes
from pathlib import Path

import torch

from amalgam_worker.native.kernel import Kernel
from amalgam_worker.native.table import TABLE


class LoadError(Exception):
    """Why the library cannot be used; one line."""


def load(path: Path) -> list[str]:
    """Loads the library and takes its kernels into use, at once for all threads.

    Returns:
        the symbols of kernels that are left out, because they are missing or differ.

    Raises:
        LoadError: the system cannot load it.
    """
    try:
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise LoadError(str(error)) from error
    unload()
    with torch.inference_mode():
        return [kernel.symbol for kernel, agrees in TABLE if not _take(library, kernel, agrees)]


def unload() -> None:
    """Lets torch do everything again."""
    for kernel, _ in TABLE:
        kernel.call = None


def in_use() -> list[Kernel]:
    """The kernels that are used now."""
    return [kernel for kernel, _ in TABLE if kernel.call is not None]


def _take(library: ctypes.CDLL, kernel: Kernel, agrees: object) -> bool:
    function = getattr(library, kernel.symbol, None)
    if function is None or not callable(agrees):
        return False
    function.argtypes, function.restype = kernel.arguments, ctypes.c_int64
    if not agrees(function):
        return False
    kernel.call = function
    return True
