"""The two factors of a weight's update."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from amalgam_worker.protocol import LoraUpdate, TensorRange
from amalgam_worker.tensors.buffers import ByteBuffer
from amalgam_worker.tensors.dtypes import TORCH_DTYPES
from amalgam_worker.tensors.reader import InputFiles


@dataclass(frozen=True, slots=True)
class Factors:
    """The update `scale * b @ a` of a linear map's matrix, [out, in]."""

    a: torch.Tensor  # [rank, in]
    b: torch.Tensor  # [out, rank]
    scale: float

    @property
    def rank(self) -> int:
        """Rows of `a`, columns of `b`."""
        return len(self.a)


def read_factors(files: InputFiles, update: LoraUpdate) -> Factors:
    """Reads an update whole, as float64 on the CPU. Raises WorkerError: read-failed."""
    return Factors(_read(files, update.a), _read(files, update.b), update.scale)


def _read(files: InputFiles, source: TensorRange) -> torch.Tensor:
    buffer, dtype = ByteBuffer(), TORCH_DTYPES[source.dtype]
    files.read(source.file, source.offset, buffer.view(source.bytes))
    return buffer.tensor(dtype, source.bytes // dtype.itemsize).reshape(source.shape).to(torch.float64)
