"""Memory that is reused for every chunk."""

from __future__ import annotations

import torch

# Vector units and BLAS give the same bits only for the same alignment.
_ALIGNMENT = 64


class ByteBuffer:
    """Host memory that is at once a target of system calls and a tensor; as large as was ever asked for."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._start = 0

    def view(self, count: int) -> memoryview:
        """The first `count` bytes, writable; the contents are those of the last use."""
        if count + self._start > len(self._bytes):
            self._bytes = bytearray(count + _ALIGNMENT)
            self._start = -torch.frombuffer(self._bytes, dtype=torch.uint8).data_ptr() % _ALIGNMENT
        return memoryview(self._bytes)[self._start : self._start + count]

    def tensor(self, dtype: torch.dtype, elements: int) -> torch.Tensor:
        """The same bytes as a 1-D tensor of shape [elements]; aligned to 64 bytes."""
        if elements == 0:
            return torch.empty(0, dtype=dtype)
        return torch.frombuffer(self.view(elements * dtype.itemsize), dtype=torch.uint8).view(dtype)

    def holds(self, other: ByteBuffer, count: int) -> bool:
        """Whether the first `count` bytes are those of another buffer."""
        # Words are compared many times as fast as bytes.
        words = count // 8
        if not torch.equal(self.tensor(torch.int64, words), other.tensor(torch.int64, words)):
            return False
        return self.view(count)[8 * words :] == other.view(count)[8 * words :]


class Scratch:
    """Tensors that one thread uses again for every chunk, each known by a name."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._tensors: dict[tuple[str, torch.dtype], torch.Tensor] = {}

    def take(self, name: str, elements: int, dtype: torch.dtype) -> torch.Tensor:
        """A 1-D tensor of shape [elements] with undefined contents, valid until the name is taken again."""
        kept = self._tensors.get((name, dtype))
        if kept is None or kept.numel() < elements:
            kept = torch.empty(elements, dtype=dtype, device=self.device)
            self._tensors[name, dtype] = kept
        return kept[:elements]
