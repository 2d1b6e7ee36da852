"""Positioned reads from the input files of a plan."""

from __future__ import annotations

import os
import threading

from amalgam_worker.errors import WorkerError, read_error
from amalgam_worker.protocol import InputFile


class InputFiles:
    """The files of a plan, opened when first read; safe to use from several threads."""

    def __init__(self, files: list[InputFile]) -> None:
        self._files = files
        self._descriptors: dict[int, int] = {}
        self._lock = threading.Lock()

    def path(self, file: int) -> str:
        """The path of file number `file`."""
        return self._files[file].path

    def descriptor(self, file: int) -> int:
        """An open descriptor of file number `file`."""
        descriptor = self._descriptors.get(file)
        if descriptor is None:
            with self._lock:
                descriptor = self._descriptors.get(file)
                if descriptor is None:
                    descriptor = self._descriptors[file] = self._open(file)
        return descriptor

    def read(self, file: int, offset: int, target: memoryview) -> None:
        """Fills `target` from absolute byte `offset`.

        Raises:
            WorkerError: `read-failed`, also where the file ends early.
        """
        descriptor = self.descriptor(file)
        while target:
            try:
                count = os.preadv(descriptor, [target], offset)
            except OSError as error:
                raise read_error(error, self.path(file)) from error
            if count == 0:
                size, end = os.fstat(descriptor).st_size, offset + len(target)
                raise WorkerError(
                    "read-failed",
                    f"{self.path(file)} ends at byte {size}, but holds a tensor up to byte {end}",
                    "the file became shorter while it was read: restore it and run again",
                )
            target = target[count:]
            offset += count

    def close(self) -> None:
        """Closes every descriptor."""
        with self._lock:
            for descriptor in self._descriptors.values():
                os.close(descriptor)
            self._descriptors.clear()

    def _open(self, file: int) -> int:
        try:
            return os.open(self.path(file), os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise read_error(error, self.path(file)) from error
