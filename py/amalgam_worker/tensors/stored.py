"""Tensors as the files hold them: one range of bytes, or several that are joined."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate

import torch

from amalgam_worker.protocol import TensorRange
from amalgam_worker.tensors.dtypes import TORCH_DTYPES
from amalgam_worker.tensors.workspace import Workspace


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """Parts, of one element type, that make a tensor when their elements are joined in order."""

    dtype: torch.dtype
    parts: Sequence[TensorRange]
    starts: Sequence[int]  # byte of the tensor at which each part begins

    def spans(self, start: int, count: int) -> Iterator[tuple[int, int, int]]:
        """Where bytes [start, start + count) of the tensor lie: (file, absolute offset, bytes), in order."""
        part, stop = bisect_right(self.starts, start) - 1, start + count
        while start < stop:
            inside = start - self.starts[part]
            size = min(stop - start, self.parts[part].bytes - inside)
            if size:
                yield self.parts[part].file, self.parts[part].offset + inside, size
            start, part = start + size, part + 1

    def read(self, workspace: Workspace, start: int, target: memoryview) -> None:
        """Fills `target` with the tensor's bytes from byte `start` on. Raises WorkerError: read-failed."""
        done = 0
        for file, offset, size in self.spans(start, len(target)):
            workspace.read(file, offset, target[done : done + size])
            done += size


def stored_tensor(parts: Sequence[TensorRange]) -> StoredTensor:
    """Joins the parts of a tensor, of which there is at least one."""
    starts = list(accumulate((part.bytes for part in parts[:-1]), initial=0))
    return StoredTensor(TORCH_DTYPES[parts[0].dtype], parts, starts)


@dataclass(frozen=True, slots=True)
class StoredValues:
    """The elements as they are stored, cast to the compute dtype. See `Values`."""

    stored: StoredTensor
    dtype: torch.dtype

    def take(self, workspace: Workspace, name: str, start: int, count: int) -> torch.Tensor:
        return self._load(workspace, name, start, count, self.dtype)

    def read(self, workspace: Workspace, name: str, start: int, count: int) -> torch.Tensor:
        """What `take` gives, but not cast."""
        return self._load(workspace, name, start, count, self.stored.dtype)

    def _load(
        self, workspace: Workspace, name: str, start: int, count: int, dtype: torch.dtype
    ) -> torch.Tensor:
        stored, place = self.stored, start * self.stored.dtype.itemsize
        read = partial(stored.read, workspace, place)
        return workspace.load(name, stored.dtype, dtype, count, read)
