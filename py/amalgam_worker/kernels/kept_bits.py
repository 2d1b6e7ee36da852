"""Which entries are left, at one bit each: for what costs more to decide than to remember."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch


def pack_kept(values: torch.Tensor) -> torch.Tensor:
    """A bit for each value that is not zero, or not a number; on the CPU, uint8 [n / 8], rounded up."""
    return torch.from_numpy(np.packbits(values.numpy() != 0))


def join_kept(parts: Sequence[list[torch.Tensor]]) -> torch.Tensor | None:
    """What was packed of successive parts, of K tensors each; uint8 [K, bytes], None where K is 0.

    The lists are emptied: what has been joined is not kept twice.
    """
    count, lengths = len(parts[0]), [len(packed) for part in parts for packed in part[:1]]
    if count == 0:
        return None
    joined, end = torch.empty(count, sum(lengths), dtype=torch.uint8), 0
    for part, length in zip(parts, lengths, strict=True):
        torch.stack(part, out=joined[:, end : end + length])
        part.clear()
        end += length
    return joined


def keep_packed(values: torch.Tensor, kept: torch.Tensor, start: int) -> None:
    """Zeroes, in place, what has no bit; what is not finite does not become so.

    Args:
        values: [n], from element `start` on, a multiple of 8.
        kept: results of `pack_kept`, joined where each but the last is of a multiple of 8 elements.
    """
    packed = kept[start // 8 : -(-(start + values.numel()) // 8)].numpy()
    values.mul_(torch.from_numpy(np.unpackbits(packed, count=values.numel())))
