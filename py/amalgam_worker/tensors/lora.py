"""LoRA updates, added to a weight while it streams."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from amalgam_worker.protocol import LoraUpdate, TensorRange
from amalgam_worker.tensors.buffers import ByteBuffer
from amalgam_worker.tensors.dora import rescaled
from amalgam_worker.tensors.dtypes import TORCH_DTYPES
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.values import Values
from amalgam_worker.tensors.workspace import Workspace

_BLOCK_ROWS = 64
_BLOCK_ELEMENTS = 65_536


@dataclass(frozen=True, slots=True)
class LoraFactors:
    """The update `scale * left @ right` of a weight stored as [rows, columns].

    The product is computed in blocks of rows whose place depends on the shape alone, so that the bits do not
    depend on how the weight is cut into chunks.
    """

    left: torch.Tensor  # [rows, rank]
    right: torch.Tensor  # [rank, columns]
    scale: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the weight as it is stored."""
        return self.left.shape[0], self.right.shape[1]

    def add_to(self, chunk: torch.Tensor, start: int) -> None:
        """Adds elements [start, start + n) of the flattened update to `chunk`, of shape [n], in place."""
        rows, columns = self.shape
        step = max(1, min(_BLOCK_ROWS, _BLOCK_ELEMENTS // columns))
        stop = start + chunk.numel()
        for row in range(start // columns // step * step, -(-stop // columns), step):
            last = min(row + step, rows)
            first_element = row * columns
            low, high = max(start, first_element), min(stop, last * columns)
            block = (self.left[row:last] @ self.right).reshape(-1)
            chunk[low - start : high - start].add_(
                block[low - first_element : high - first_element], alpha=self.scale
            )


@dataclass(frozen=True, slots=True)
class UpdatedValues:
    """A weight with its LoRA update. See `Values`."""

    inner: Values
    factors: LoraFactors

    def take(self, workspace: Workspace, name: str, start: int, count: int) -> torch.Tensor:
        values = self.inner.take(workspace, name, start, count)
        self.factors.add_to(values, start)
        return values


def updated(
    inner: Values, update: LoraUpdate, files: InputFiles, device: torch.device, dtype: torch.dtype
) -> Values:
    """Adds an update, whose factors are read in full, to a weight: `W + scale * B @ A`, rescaled for DoRA.

    B @ A is transposed where the weight is stored as [in, out]; so are embeddings, [vocabulary, hidden].
    Source: Hu et al. 2021, arXiv:2106.09685, equation 3.
    """
    a = _load(files, update.a, device, dtype).reshape(update.a.shape[0], -1)
    b = _load(files, update.b, device, dtype).reshape(update.b.shape[0], -1)
    left, right = (a.T.contiguous(), b.T.contiguous()) if update.transposed else (b, a)
    factors = LoraFactors(left, right, update.scale)
    values = UpdatedValues(inner, factors)
    if update.magnitude is None:
        return values
    magnitude = _load(files, update.magnitude, device, torch.float64)
    return rescaled(values, factors.shape, magnitude, update.transposed, dtype)


def _load(files: InputFiles, source: TensorRange, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    buffer = ByteBuffer()
    files.read(source.file, source.offset, buffer.view(source.bytes))
    stored = buffer.tensor(TORCH_DTYPES[source.dtype], source.bytes // TORCH_DTYPES[source.dtype].itemsize)
    return stored.to(device=device, dtype=dtype, copy=True)
