"""Where models differ most: a cut among the variances of a tensor, and how much of each model lies before it.

A sample tells a bracket in which the cut probably lies. One pass then adds up what is above the bracket, and
lists, block by block, the patterns inside it with what they would add. So the cut and the sums are found
together; only of the block in which the cut's pattern is kept in part must be seen what is kept. What is
summed when does not depend on chunks, as windows of samples do not.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from amalgam_worker.kernels.sums import tree_sums
from amalgam_worker.kernels.top_k import (
    Bracket,
    Cut,
    bin_bracket,
    count_top_bits,
    find_bin,
    find_cut,
    magnitude_bits,
    sample_bracket,
)
from amalgam_worker.kernels.variance import sift_variances, squares_of_first, variance
from amalgam_worker.methods.method import (
    BLOCK,
    SAMPLE_ELEMENTS,
    Chunk,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
    sample_slice,
)
from amalgam_worker.native.kernel import Kernel
from amalgam_worker.native.variance import SIFT_VARIANCES, VARIANCE


def selection_reductions(rank: Callable[[int, Parameters], int]) -> tuple[Reduction, ...]:
    """Passes that find the statistics `cut`, int64 [3] as Cut, and `energies`, float64 [N].

    The energies are sums of squares, per model, of the differences to the base before the cut.

    Args:
        rank: of so many variances that are not zero, this many are before the cut; no more than a share.
    """

    def gather_sample(
        partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
    ) -> Statistics:
        sample = torch.cat([bits for (bits,) in partials]).cpu()
        present = sample[sample > 0]
        if not len(present):
            return {}
        return _bracketed(sample_bracket(present, rank(len(present), parameters) / len(present)))

    def gather_top(
        partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
    ) -> Statistics:
        ((counts, nonzero),) = partials
        k = rank(int(nonzero), parameters)
        return _bracketed(bin_bracket(find_bin(counts, k)[0]) if k > 0 else Bracket(0, 0))

    def gather_sifted(
        partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
    ) -> Statistics:
        numbers, energies, inside, squares = zip(*partials, strict=True)
        above, nonzero = torch.stack(numbers).sum(0).tolist()
        return _selected(
            torch.cat(inside, dim=1),
            torch.cat(squares),
            torch.cat(energies),
            rank(nonzero, parameters),
            above,
        )

    sift = Reduction(_measure_sifted, gather_sifted, "per chunk", needed=_is_bracketed)
    return (
        Reduction(_measure_sample, gather_sample, "per chunk", sampled=True),
        sift,
        Reduction(_measure_top, gather_top, "summed", needed=_is_wanting),
        sift,
        Reduction(_measure_rest, _gather_rest, "per chunk", only=_last_block, needed=_has_last_block),
    )


def _measure_sample(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    bits = magnitude_bits(_spread(chunk), chunk.scratch)
    # However the tensor is cut: the beginning of a window is sampled.
    return [bits[:SAMPLE_ELEMENTS][sample_slice(chunk)].clone()]


def _measure_top(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    spread = _spread(chunk)
    return [count_top_bits(spread, chunk.scratch), torch.count_nonzero(spread)]


def _measure_sifted(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    low, high = statistics["bracket"].tolist()
    inputs, base = as_taken_by(SIFT_VARIANCES, chunk)
    found = sift_variances(inputs, base, low, high, chunk.start // BLOCK, chunk.scratch)
    return [torch.tensor([found.above, found.nonzero]), found.energies, found.inside, found.squares]


def _measure_rest(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
    assert chunk.base is not None
    threshold, _, kept = statistics["cut"].tolist()
    return [squares_of_first(chunk.inputs, chunk.base, threshold, kept, chunk.scratch)]


def _gather_rest(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    ((squares,),) = partials
    return {"energies": statistics["energies"] + squares.cpu()}


def _spread(chunk: Chunk) -> torch.Tensor:
    return variance(*as_taken_by(VARIANCE, chunk), chunk.scratch)


def as_taken_by(kernel: Kernel, chunk: Chunk) -> tuple[list[torch.Tensor], torch.Tensor]:
    """Inputs and base as they are stored, if the kernel is compiled and can take them, or cast."""
    is_stored = kernel.call is not None and chunk.is_plain
    base = chunk.stored_base if is_stored else chunk.base
    assert base is not None
    return (chunk.stored_inputs if is_stored else chunk.inputs), base


def _bracketed(bracket: Bracket) -> Statistics:
    return {"bracket": torch.tensor([bracket.low, bracket.high])}


def _selected(
    inside: torch.Tensor, squares: torch.Tensor, energies: torch.Tensor, k: int, above: int
) -> Statistics:
    """What the lists of a whole tensor tell; nothing if the k-th is not among them.

    Args:
        inside: int32 [3, m], as `Sifted`.
        squares: float64 [m, N].
        energies: of what is above; float64 [blocks, N].
    """
    cut = find_cut(inside, k - above) if k > 0 else Cut(0, 0, 0)
    if cut is None:
        return {}
    found = {"cut": torch.tensor([cut.threshold, cut.block, cut.kept])}
    if cut.kept == 0:
        return {**found, "energies": torch.zeros(energies.shape[1], dtype=torch.float64)}
    blocks, patterns, _ = inside.to(torch.int64)
    is_before = (patterns > cut.threshold) | (patterns == cut.threshold) & (blocks < cut.block)
    total = tree_sums(energies.T).cpu()
    if is_before.any():
        # No two have one key.
        order = torch.argsort((patterns << 32 | blocks)[is_before])
        total += tree_sums(squares[is_before][order].T)
    return {**found, "energies": total}


def _is_wanting(statistics: Statistics) -> bool:
    return "cut" not in statistics


def _is_bracketed(statistics: Statistics) -> bool:
    return _is_wanting(statistics) and "bracket" in statistics


def _has_last_block(statistics: Statistics) -> bool:
    return "cut" in statistics and int(statistics["cut"][2]) > 0


def _last_block(statistics: Statistics) -> int:
    return int(statistics["cut"][1])
