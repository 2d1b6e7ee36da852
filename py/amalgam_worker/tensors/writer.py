"""Shard files: preallocated, written in place at the offsets of the plan."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from functools import partial

from amalgam_worker.errors import write_error
from amalgam_worker.protocol import Shard, StepOutput
from amalgam_worker.tensors.reader import InputFiles

_COPY_PIECE = 1024 * 1024
_NO_KERNEL_COPY = {
    errno.EXDEV,
    errno.EINVAL,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.EPERM,
    errno.ETXTBSY,
    errno.EBADF,
}
_NO_PREALLOCATION = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}


class ShardFiles:
    """A sink that writes safetensors shards into a directory; headers are written when it is opened."""

    def __init__(self, directory: str, shards: list[Shard]) -> None:
        self._paths = [os.path.join(directory, shard.name) for shard in shards]
        self._descriptors: list[int] = []
        try:
            for path, shard in zip(self._paths, shards, strict=True):
                self._create(path, shard)
        except BaseException:
            self.abandon()
            raise

    def write(self, output: StepOutput, start: int, data: memoryview) -> None:
        """Writes `data` from byte `start` of the tensor on. Raises WorkerError: no-space, write-failed."""
        self._write_at(output.shard, output.offset + start, data)

    def copy(
        self, output: StepOutput, start: int, count: int, files: InputFiles, file: int, offset: int
    ) -> None:
        """Lets the kernel copy where it can; raises WorkerError as `write` and the reader do."""
        target = output.offset + start
        source, sink = files.descriptor(file), self._descriptors[output.shard]
        while count:
            try:
                copied = os.copy_file_range(source, sink, count, offset, target)
            except OSError as error:
                if error.errno not in _NO_KERNEL_COPY:
                    raise write_error(error, self._paths[output.shard]) from error
                copied = 0
            if copied == 0:
                break
            count, offset, target = count - copied, offset + copied, target + copied
        buffer = bytearray(min(count, _COPY_PIECE))
        while count:
            piece = memoryview(buffer)[:count]
            files.read(file, offset, piece)
            self._write_at(output.shard, target, piece)
            count, offset, target = count - len(piece), offset + len(piece), target + len(piece)

    def close(self) -> None:
        """Makes everything durable and closes the files."""
        for path, descriptor in zip(self._paths, self._descriptors, strict=True):
            _writing(path, partial(os.fsync, descriptor))
        self.abandon()

    def abandon(self) -> None:
        """Closes the files as they are."""
        while self._descriptors:
            os.close(self._descriptors.pop())

    def _create(self, path: str, shard: Shard) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        descriptor = _writing(path, lambda: os.open(path, flags, 0o644))
        self._descriptors.append(descriptor)
        _writing(path, lambda: _preallocate(descriptor, shard.bytes))
        header = shard.header.encode()
        self._write_at(len(self._descriptors) - 1, 0, memoryview(len(header).to_bytes(8, "little") + header))

    def _write_at(self, shard: int, offset: int, data: memoryview) -> None:
        descriptor = self._descriptors[shard]
        try:
            while data:
                count = os.pwrite(descriptor, data, offset)
                data = data[count:]
                offset += count
        except OSError as error:
            raise write_error(error, self._paths[shard]) from error


def _writing(path: str, action: Callable[[], int | None]) -> int:
    try:
        return action() or 0
    except OSError as error:
        raise write_error(error, path) from error


def _preallocate(descriptor: int, size: int) -> None:
    """Reserves the space, so that a full disk shows at the start and not at the end."""
    try:
        if size and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
            return
    except OSError as error:
        if error.errno not in _NO_PREALLOCATION:
            raise
    os.ftruncate(descriptor, size)
