"""Shard files: preallocated, written in place at the offsets of the plan."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection
from functools import partial

from amalgam_worker.errors import write_error
from amalgam_worker.protocol import Shard, StepOutput
from amalgam_worker.tensors.early_flush import flush_and_forget
from amalgam_worker.tensors.reader import InputFiles

_COPY_PIECE = 1024 * 1024
# So much is written to a shard before the disk is asked to begin with it.
_FLUSH_BYTES = 64 * 1024 * 1024
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
    """A sink that writes safetensors shards into a directory; headers are written when it is opened.

    Args:
        shared: numbers of the shards that are written, together with others who may be at work in the same
            files now; None: all, and nobody else.
    """

    def __init__(self, directory: str, shards: list[Shard], shared: Collection[int] | None = None) -> None:
        self._paths = [os.path.join(directory, shard.name) for shard in shards]
        self._descriptors: dict[int, int] = {}
        self._unflushed = [0] * len(shards)
        try:
            for number, shard in enumerate(shards):
                if shared is None:
                    self._create(number, shard)
                elif number in shared:
                    self._join(number, shard)
        except BaseException:
            self.abandon()
            raise

    def write(self, output: StepOutput, start: int, data: memoryview) -> None:
        """Writes `data` from byte `start` of the tensor on. Raises WorkerError: no-space, write-failed."""
        self._write_at(output.shard, output.offset + start, data)
        self._flush_early(output.shard, len(data))

    def copy(
        self, output: StepOutput, start: int, count: int, files: InputFiles, file: int, offset: int
    ) -> None:
        """Lets the kernel copy where it can; raises WorkerError as `write` and the reader do."""
        self._flush_early(output.shard, count)
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
        for number, descriptor in self._descriptors.items():
            _writing(self._paths[number], partial(os.fsync, descriptor))
        self.abandon()

    def abandon(self) -> None:
        """Closes the files as they are."""
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])

    def _flush_early(self, shard: int, count: int) -> None:
        # Threads may miss each other's bytes here: the disk is then asked a little later.
        self._unflushed[shard] += count
        if self._unflushed[shard] >= _FLUSH_BYTES:
            self._unflushed[shard] = 0
            flush_and_forget(self._descriptors[shard])

    def _create(self, number: int, shard: Shard) -> None:
        descriptor = self._open(number, os.O_RDWR | os.O_TRUNC)
        _writing(self._paths[number], lambda: _preallocate(descriptor, shard.bytes))
        self._write_header(number, shard)

    def _join(self, number: int, shard: Shard) -> None:
        """Does nothing that could undo what another has written, whoever comes first.

        Reserving space is not such: where the file system cannot, libc writes zeros. Nor is a descriptor that
        reads: a network file system may then write back whole pages, with old bytes of a neighbour.
        """
        descriptor = self._open(number, os.O_WRONLY)
        if os.fstat(descriptor).st_size != shard.bytes:
            _writing(self._paths[number], lambda: os.ftruncate(descriptor, shard.bytes))
        self._write_header(number, shard)

    def _open(self, number: int, flags: int) -> int:
        path = self._paths[number]
        descriptor = _writing(path, lambda: os.open(path, flags | os.O_CREAT | os.O_CLOEXEC, 0o644))
        self._descriptors[number] = descriptor
        return descriptor

    def _write_header(self, number: int, shard: Shard) -> None:
        header = shard.header.encode()
        self._write_at(number, 0, memoryview(len(header).to_bytes(8, "little") + header))

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
