"""Random masks that keep the larger entries of a row more often."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from amalgam_worker.kernels.keep_mask import MASK_BLOCK, random_words
from amalgam_worker.kernels.row_ranks import row_ranks
from amalgam_worker.native import random_drop
from amalgam_worker.tensors.buffers import Scratch

# What ranks a row in C++ has tables that are several times as large as the row.
LONGEST_ROW = 2**22


def drop_by_rank(
    values: torch.Tensor,
    limits: torch.Tensor,
    keys: Sequence[tuple[int, int]],
    low: int,
    scratch: Scratch,
) -> None:
    """Zeroes, in place, what has a random word above the limit of its magnitude's rank in its row.

    Args:
        values: [rows * columns], whole rows one after the other, one at least. What is not finite stays so.
        limits: int32 [columns], by rank as `row_ranks` tells it.
        keys: of `mask_key`, of the blocks that the values lie in.
        low: the first value's place in the first of these.
    """
    call = random_drop.DROP_BY_RANK.serving(values)
    if call is not None and len(limits) <= LONGEST_ROW and bool(limits[0] <= limits[-1]):
        random_drop.drop_by_rank(call, values, limits, keys, low)
    else:
        eager_drop_by_rank(values, limits, keys, low, scratch)


def eager_drop_by_rank(
    values: torch.Tensor,
    limits: torch.Tensor,
    keys: Sequence[tuple[int, int]],
    low: int,
    scratch: Scratch,
) -> None:
    """`drop_by_rank` by torch."""
    ranks = row_ranks(values, len(limits), scratch)
    drop_above(values, limits, ranks, keys, low, scratch)


def drop_above(
    values: torch.Tensor,
    limits: torch.Tensor,
    ranks: torch.Tensor,
    keys: Sequence[tuple[int, int]],
    low: int,
    scratch: Scratch,
) -> None:
    """`drop_by_rank` where ranks are known; int32 [n]."""
    by_value = torch.index_select(limits, 0, ranks, out=scratch.take("limits", values.numel(), torch.int32))
    done = 0
    for key in keys:
        part = values[done : done + MASK_BLOCK - low]
        words = random_words(key, low, low + len(part), scratch)
        part.mul_(torch.le(words, by_value[done : done + len(part)], out=words))
        done, low = done + len(part), 0
