"""Where the bytes of merged tensors go."""

from __future__ import annotations

from typing import Protocol

from amalgam_worker.protocol import StepOutput
from amalgam_worker.tensors.reader import InputFiles


class Sink(Protocol):
    """Takes the pieces of output tensors in any order and from several threads at once."""

    def write(self, output: StepOutput, start: int, data: memoryview) -> None:
        """Stores `data` from byte `start` of the tensor on."""

    def copy(
        self, output: StepOutput, start: int, count: int, files: InputFiles, file: int, offset: int
    ) -> None:
        """Stores `count` bytes of an input file, from byte `offset`, as the tensor's from byte `start` on."""
