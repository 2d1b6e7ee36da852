"""Where task vectors are cut that are ranked by magnitude over all tensors of a model.

Three walks over the tensors narrow a cut down: the first counts the top 16 bits of the magnitudes, the second
the low 16 bits within the cut's bin, the third, block by block, what is equal to the cut. They count
integers, whose sums are the same in any order; of each tensor no more is kept than a number per block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from amalgam_worker.kernels.top_k import (
    Cut,
    count_equal,
    count_low_bits_in_all,
    count_top_bits,
    find_bin,
    find_place,
)
from amalgam_worker.methods.method import (
    BLOCK,
    Chunk,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.methods.sparsify import thinned_deltas


@dataclass(frozen=True, slots=True)
class Stage:
    """One walk over the tensors.

    Attributes:
        reduction: gathers `counts` of a tensor, int64 [thinned, bins or blocks], given the statistic `cuts`.
        by_block: the counts of the tensors lie side by side; otherwise they are added up.
        narrowed: the cut so far and the counts of the whole model give a closer cut. Before the last stage
            `kept` is the rank among all that may still be the cut.
    """

    reduction: Reduction
    by_block: bool
    narrowed: Callable[[Cut, torch.Tensor], Cut]


def _count_top(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    return [count_top_bits(delta, chunk.scratch) for delta in thinned_deltas(chunk, statistics, parameters)]


def _narrow_to_bin(cut: Cut, counts: torch.Tensor) -> Cut:
    top, rank = find_bin(counts, cut.kept)
    return Cut(top << 16, 0, rank)


def _count_low(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    deltas, tops = thinned_deltas(chunk, statistics, parameters), statistics["cuts"][:, 0, 0] >> 16
    return [
        count_low_bits_in_all(delta, top, chunk.scratch)
        for delta, top in zip(deltas, tops.tolist(), strict=True)
    ]


def _narrow_to_threshold(cut: Cut, counts: torch.Tensor) -> Cut:
    low, rank = find_bin(counts, cut.kept)
    return Cut(cut.threshold | low, 0, rank)


def _count_equal(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    deltas, thresholds = thinned_deltas(chunk, statistics, parameters), statistics["cuts"][:, 0, 0]
    return [
        count_equal(delta, threshold, chunk.scratch)
        for delta, threshold in zip(deltas, thresholds.tolist(), strict=True)
    ]


# Folded, because thousands of tensors of one number each keep the memory between them from being used again.
def _fold_equal(statistics: Statistics, partial: Partial, place: int, tensor: TensorFacts) -> None:
    if "counts" not in statistics:
        blocks = -(-tensor.elements // BLOCK)
        statistics["counts"] = torch.zeros(len(partial), blocks, dtype=torch.int64)
    statistics["counts"][:, place // BLOCK] = torch.stack(partial)


def _narrow_to_block(cut: Cut, counts: torch.Tensor) -> Cut:
    block, kept = find_place(counts, cut.kept)
    return Cut(cut.threshold, block, kept)


def _gather_sums(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    (counts,) = partials
    return {"counts": torch.stack(counts).cpu()}


def _nothing_left(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    return {}


STAGES = (
    Stage(Reduction(_count_top, _gather_sums, "summed"), False, _narrow_to_bin),
    Stage(Reduction(_count_low, _gather_sums, "summed"), False, _narrow_to_threshold),
    Stage(Reduction(_count_equal, _nothing_left, "per block", _fold_equal), True, _narrow_to_block),
)
