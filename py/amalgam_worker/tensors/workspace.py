"""What one thread reads with: the input files, and memory that it uses again and again."""

from __future__ import annotations

from collections.abc import Callable

import torch

from amalgam_worker.tensors.buffers import ByteBuffer, Scratch
from amalgam_worker.tensors.reader import InputFiles


class Workspace:
    """Buffers by name, each valid until its name is used again, and a count of the bytes read."""

    def __init__(self, files: InputFiles, device: torch.device) -> None:
        self.files = files
        self.scratch = Scratch(device)
        self.bytes_read = 0
        self._buffers: dict[str, ByteBuffer] = {}

    def buffer(self, name: str) -> ByteBuffer:
        """Host memory to read into."""
        found = self._buffers.get(name)
        if found is None:
            found = self._buffers[name] = ByteBuffer()
        return found

    def load(
        self,
        name: str,
        stored: torch.dtype,
        dtype: torch.dtype,
        count: int,
        read: Callable[[memoryview], None],
    ) -> torch.Tensor:
        """Elements in the compute dtype, [count], from bytes that `read` fills in; valid as a buffer is."""
        buffer = self.buffer(name)
        read(buffer.view(count * stored.itemsize))
        values = buffer.tensor(stored, count)
        return values if stored == dtype else self.scratch.take(name, count, dtype).copy_(values)

    def read(self, file: int, offset: int, target: memoryview) -> None:
        """Fills `target` from absolute byte `offset` of a file. Raises WorkerError: read-failed."""
        self.files.read(file, offset, target)
        self.bytes_read += len(target)
