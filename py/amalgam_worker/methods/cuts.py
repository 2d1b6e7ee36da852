"""Where series of values that span a whole tensor are cut in the order of their magnitudes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from amalgam_worker.kernels.top_k import (
    Cut,
    count_low_bits,
    count_top_bits,
    find_bin,
    find_cut,
    keep_largest,
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

# A chunk's part of each series; [n] each.
Series = Callable[[Chunk, Statistics, Parameters], list[torch.Tensor]]
# (the series' number, how many values it has, parameters): so many largest values lie before each cut, 0 for
# none.
Ranks = Callable[[int, int, Parameters], list[int]]


def cut_reductions(series: Series, ranks: Ranks, *, of_nonzero: bool = False) -> tuple[Reduction, ...]:
    """Two passes that find the cuts exactly; their statistic `cuts` is int64 [series, ranks, 3], as Cut.

    Args:
        of_nonzero: ranks are told how many values are not zero, instead of all.
    """

    def measure_top(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
        every = series(chunk, statistics, parameters)
        nonzero = [torch.count_nonzero(values) for values in every] if of_nonzero else []
        return [*(count_top_bits(values, chunk.scratch) for values in every), *nonzero]

    def gather_top(
        partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
    ) -> Statistics:
        (counts,) = partials
        count = len(counts) // 2 if of_nonzero else len(counts)
        sizes = [int(size) for size in counts[count:]] if of_nonzero else [tensor.elements] * count
        bins = []
        for number, (by_bits, size) in enumerate(zip(counts[:count], sizes, strict=True)):
            wanted = ranks(number, size, parameters)
            bins.append([find_bin(by_bits, rank) if rank > 0 else (-1, 0) for rank in wanted])
        return {"bins": torch.tensor(bins, dtype=torch.int64)}

    def measure_low(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
        every = zip(series(chunk, statistics, parameters), statistics["bins"], strict=True)
        return [
            count_low_bits(values, top, chunk.start // BLOCK, chunk.scratch)
            for values, bins in every
            for top in _distinct(bins)
        ]

    def gather_low(
        partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
    ) -> Statistics:
        counted = iter(zip(*partials, strict=True))
        cuts = torch.zeros(*statistics["bins"].shape[:2], 3, dtype=torch.int64)
        for number, bins in enumerate(statistics["bins"]):
            in_bin = {top: torch.cat(next(counted), dim=1) for top in _distinct(bins)}
            for place, (top, rank) in enumerate(bins.tolist()):
                if rank:
                    cut = find_cut(in_bin[top], top, rank)
                    cuts[number, place] = torch.tensor([cut.threshold, cut.block, cut.kept])
        return {"cuts": cuts}

    return (
        Reduction(measure_top, gather_top, "summed"),
        Reduction(measure_low, gather_low, "per chunk"),
    )


def keep_before(values: torch.Tensor, cut: torch.Tensor, chunk: Chunk) -> None:
    """Zeroes, in place, the chunk's part of a series but for the largest values before the cut.

    Args:
        values: [n].
        cut: one entry of the statistic `cuts`; int64 [3].
    """
    threshold, block, kept = cut.tolist()
    if kept == 0:
        values.zero_()
    else:
        keep_largest(values, Cut(threshold, block, kept), chunk.start // BLOCK, chunk.scratch)


def cut_values(cuts: torch.Tensor) -> torch.Tensor:
    """The last value before each cut; int64 [..., 3] to float32 [...]."""
    return cuts[..., 0].to(torch.int32).view(torch.float32)


def _distinct(bins: torch.Tensor) -> list[int]:
    return sorted({top for top, rank in bins.tolist() if rank})
