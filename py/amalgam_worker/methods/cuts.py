"""Where series of values that span a whole tensor are cut in the order of their magnitudes."""

from __future__ import annotations

from collections.abc import Callable

import torch

from amalgam_worker.kernels.top_k import (
    MOST_FREQUENT,
    Bracket,
    Cut,
    bin_bracket,
    count_between,
    count_stored_between,
    count_top_bits,
    cut_at,
    find_bin,
    find_cut,
    keep_largest,
    magnitude_bits,
    sample_bracket,
)
from amalgam_worker.methods.method import (
    BLOCK,
    Chunk,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
    sample_slice,
)
from amalgam_worker.native.top_k import COUNT_BETWEEN

# A chunk's part of each series; [n] each.
Series = Callable[[Chunk, Statistics, Parameters], list[torch.Tensor]]
# (the series' number, how many values it has, parameters): so many largest values lie before each cut, 0 for
# none.
Ranks = Callable[[int, int, Parameters], list[int]]


def cut_reductions(
    series: Series,
    ranks: Ranks,
    *,
    sampled: bool = False,
    of_inputs: Callable[[Parameters], list[int]] | None = None,
) -> tuple[Reduction, ...]:
    """Passes that find the cuts exactly; their statistic `cuts` is int64 [series, ranks, 3], as Cut.

    Args:
        of_inputs: the series are the task vectors of the inputs with these numbers.
        sampled: a part of the tensor is looked at first, which saves most of the counting. The series must
            be that of any part of the tensor, and the ranks a share of the values.
    """

    def wanted(count: int, tensor: TensorFacts, parameters: Parameters) -> torch.Tensor:
        numbers = [ranks(number, tensor.elements, parameters) for number in range(count)]
        return torch.tensor(numbers, dtype=torch.int64)

    def measure_sample(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
        which = slice(None) if chunk.elements == chunk.tensor.elements else sample_slice(chunk)
        every = series(chunk, statistics, parameters)
        return [magnitude_bits(values, chunk.scratch)[which].clone() for values in every]

    def gather_sample(
        partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
    ) -> Statistics:
        samples = [torch.cat(parts).cpu() for parts in zip(*partials, strict=True)]
        places = wanted(len(samples), tensor, parameters)
        if len(samples[0]) == tensor.elements:
            return _cuts(lambda place, k: cut_at(samples[place // places.shape[1]], k), places)
        brackets = [
            sample_bracket(sample, k / tensor.elements)
            for sample, row in zip(samples, places.tolist(), strict=True)
            for k in row
        ]
        return {"ranks": places, "brackets": _packed(brackets)}

    def measure_top(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
        every = series(chunk, statistics, parameters)
        return [count_top_bits(values, chunk.scratch) for values in every]

    def gather_top(
        partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
    ) -> Statistics:
        (counts,) = partials
        places = wanted(len(counts), tensor, parameters)
        brackets = [
            bin_bracket(find_bin(by_bits, k)[0]) if k > 0 else Bracket(0, 0)
            for by_bits, row in zip(counts, places.tolist(), strict=True)
            for k in row
        ]
        return {"ranks": places, "brackets": _packed(brackets)}

    def measure_inside(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
        found, brackets = [], iter(_unpacked(statistics["brackets"]))
        call = COUNT_BETWEEN.call if chunk.is_plain else None
        if call is None or of_inputs is None:
            call, base, every = None, None, series(chunk, statistics, parameters)
        else:
            base, every = chunk.stored_base, [chunk.stored_inputs[number] for number in of_inputs(parameters)]
        for values, places in zip(every, statistics["ranks"], strict=True):
            for _ in places:
                bracket, block = next(brackets), chunk.start // BLOCK
                above, inside = (
                    count_between(values, bracket, block, chunk.scratch)
                    if call is None
                    else count_stored_between(call, values, base, bracket, block, chunk.scratch)
                )
                found += [torch.tensor(above), inside]
        return found

    def gather_inside(
        partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
    ) -> Statistics:
        counted, places = list(zip(*partials, strict=True)), statistics["ranks"]

        def cut(place: int, k: int) -> Cut | None:
            above, inside = counted[2 * place], counted[2 * place + 1]
            return find_cut(torch.cat(inside, dim=1), k - sum(map(int, above)))

        return _cuts(cut, places)

    counting = (
        Reduction(measure_top, gather_top, "summed", needed=_is_wanting),
        Reduction(measure_inside, gather_inside, "per chunk", needed=_is_wanting),
    )
    if not sampled:
        return counting
    return (
        Reduction(measure_sample, gather_sample, "per chunk", sampled=True),
        Reduction(measure_inside, gather_inside, "per chunk", needed=_is_bracketed),
        *counting,
    )


def _is_wanting(statistics: Statistics) -> bool:
    return "cuts" not in statistics


def _is_bracketed(statistics: Statistics) -> bool:
    return _is_wanting(statistics) and "brackets" in statistics


def _packed(brackets: list[Bracket]) -> torch.Tensor:
    """Brackets as int64 [n, 2 + MOST_FREQUENT], filled up with -1."""
    table = torch.full((len(brackets), 2 + MOST_FREQUENT), -1, dtype=torch.int64)
    for row, bracket in zip(table, brackets, strict=True):
        row[: 2 + len(bracket.frequent)] = torch.tensor([bracket.low, bracket.high, *bracket.frequent])
    return table


def _unpacked(table: torch.Tensor) -> list[Bracket]:
    return [
        Bracket(low, high, tuple(pattern for pattern in frequent if pattern >= 0))
        for low, high, *frequent in table.tolist()
    ]


def _cuts(find: Callable[[int, int], Cut | None], ranks: torch.Tensor) -> Statistics:
    """The statistic `cuts`, found one by one by place in [series, ranks] and rank; nothing if one fails."""
    cuts = []
    for place, k in enumerate(ranks.flatten().tolist()):
        cut = find(place, k) if k > 0 else Cut(0, 0, 0)
        if cut is None:
            return {}
        cuts.append([cut.threshold, cut.block, cut.kept])
    return {"cuts": torch.tensor(cuts, dtype=torch.int64).view(*ranks.shape, 3)}


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
