"""Elementwise functions that torch fuses into one kernel, on devices that the C++ library does not serve.

A kernel is compiled beside the merge, which never waits for it, and kept on disk. It is used only once it has
given the bits of the function as torch runs it on numbers of every kind: so it never matters when it begins.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch

from amalgam_worker.native.start import kernels_folder

Tensors = tuple[torch.Tensor, ...]
Function = Callable[..., Tensors]

# A kernel is worth its compilation, some ten seconds, once so many chunks of this size have been seen.
_CALLS = 64
_LEAST_ELEMENTS = 4 * 65_536
_MOST_CASES = 4


class Case(NamedTuple):
    """What a kernel is compiled for."""

    device: torch.device
    dtype: torch.dtype
    elements: int
    vectors: int
    variant: str


@dataclass(slots=True)
class Fusion:
    """A function and its kernels.

    Attributes:
        pure: the function of a case, of tensors alone, which it leaves as they are.
        sample: arguments of a case in which every kind of number is found.
        reference: what torch makes of such arguments, one operation after the other.
    """

    pure: Callable[[Case], Function]
    sample: Callable[[Case], list[torch.Tensor]]
    reference: Callable[[Case, list[torch.Tensor]], Tensors]
    calls: dict[Case, int] = field(default_factory=dict)
    kernels: dict[Case, Function] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serving(self, case: Case) -> Function | None:
        """The case's kernel if there is one now; a case that comes often is given to the compiler."""
        if case.device.type not in _enabled or case.elements < _LEAST_ELEMENTS:
            return None
        kernel = self.kernels.get(case)
        if kernel is None and self._is_due(case):
            _background.compile(self, case)
        return kernel

    def _is_due(self, case: Case) -> bool:
        """Counts a call; whether it is the one at which a kernel begins to be worth its while."""
        with self.lock:
            count = self.calls[case] = self.calls.get(case, 0) + 1
            return count == _CALLS and sum(each >= _CALLS for each in self.calls.values()) <= _MOST_CASES

    def compile(self, case: Case) -> None:
        """Compiles the case's kernel, or finds it on disk, and puts it to use if its bits are right.

        Raises:
            Exception: of any kind, where torch cannot trace or compile the function.
        """
        from torch._inductor import compile, config
        from torch.fx.experimental.proxy_tensor import make_fx

        # Every operation rounds by itself, as it does without fusion.
        options: dict[str, object] = {"emulate_precision_casts": True, "compile_threads": 1}
        if hasattr(config, "eager_numerics"):
            options["eager_numerics.division_rounding"] = True
        with torch.inference_mode():
            arguments = self.sample(case)
            traced = make_fx(self.pure(case))(*arguments)
            kernel: Function = compile(traced, [*arguments], options=options)
            results = tuple(result.clone() for result in kernel(*arguments))
            if same_bits(results, self.reference(case, arguments)):
                self.kernels[case] = kernel


def same_bits(results: Tensors, expected: Tensors) -> bool:
    """Whether two lists of tensors are the same, signs of zero included; one NaN is as good as another."""
    return all(
        torch.equal(result.isnan(), other.isnan())
        and torch.equal(_bits(result.nan_to_num(0.0)), _bits(other.nan_to_num(0.0)))
        for result, other in zip(results, expected, strict=True)
    )


def enable(device: torch.device, environment: Mapping[str, str] = os.environ) -> None:
    """Allows fusion on a kind of device, with a folder for kernels, unless the user has turned it off."""
    folder = kernels_folder(environment)
    if folder is None:
        return
    # Both compilers read these when they are first used.
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(folder / "torch"))
    os.environ.setdefault("TRITON_CACHE_DIR", str(folder / "triton"))
    _enabled.add(device.type)


def _bits(values: torch.Tensor) -> torch.Tensor:
    return values.view(torch.int32 if values.dtype == torch.float32 else torch.int64)


class _Background:
    """One thread that compiles; the process does not wait for it when it ends."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[tuple[Fusion, Case]] = queue.Queue()
        self._lock = threading.Lock()
        self._is_begun = False

    def compile(self, fusion: Fusion, case: Case) -> None:
        self.waiting.put((fusion, case))
        with self._lock:
            if not self._is_begun:
                self._is_begun = True
                threading.Thread(target=self._run, name="fusion", daemon=True).start()

    def _run(self) -> None:
        torch.set_num_threads(1)
        while True:
            fusion, case = self.waiting.get()
            try:
                fusion.compile(case)
            except Exception:
                # torch goes on without the kernel.
                pass
            finally:
                self.waiting.task_done()


_background = _Background()
_enabled: set[str] = set()
