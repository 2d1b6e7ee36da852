"""Which entries are left, at one bit each: for what costs more to decide than to remember."""

from __future__ import annotations

import numpy as np
import torch


def pack_kept(values: torch.Tensor) -> torch.Tensor:
    """A bit for each value that is not zero, or not a number; on the CPU, uint8 [n / 8], rounded up."""
    return torch.from_numpy(np.packbits(values.numpy() != 0))


def keep_packed(values: torch.Tensor, kept: torch.Tensor, start: int) -> None:
    """Zeroes, in place, what has no bit; what is not finite does not become so.

    Args:
        values: [n], from element `start` on, a multiple of 8.
        kept: results of `pack_kept`, joined where each but the last is of a multiple of 8 elements.
    """
    packed = kept[start // 8 : -(-(start + values.numel()) // 8)].numpy()
    values.mul_(torch.from_numpy(np.unpackbits(packed, count=values.numel())))
