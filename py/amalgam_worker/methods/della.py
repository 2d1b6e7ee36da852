"""DELLA: entries of task vectors are dropped at random, the larger ones in their row less often."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from math import prod

import torch

from amalgam_worker.kernels.drop_by_rank import LONGEST_ROW, drop_above, drop_by_rank
from amalgam_worker.kernels.keep_mask import MASK_BLOCK, mask_key
from amalgam_worker.kernels.row_ranks import row_ranks
from amalgam_worker.methods.method import (
    Chunk,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.methods.sparsify import Sparsifier, thinned
from amalgam_worker.methods.task_arithmetic import (
    Election,
    elect_by_weight,
    family_member,
    notes_of,
    rescale_kind,
)
from amalgam_worker.native import task_vectors as native
from amalgam_worker.native.ranked_norms import RANKED_NORMS, RankedMask, ranked_norms
from amalgam_worker.native.task_vectors import Thinning

# What is remembered of a tensor's masks takes 32 MB at most.
_REMEMBERED = 2**28


def remembers(tensor: TensorFacts) -> bool:
    """Whether ranking once more, to merge, is saved: chunks must fill bytes, and the bits must be few."""
    aligned = prod(tensor.shape[1:]) % 8 == 0 if len(tensor.shape) > 1 else True
    return aligned and tensor.elements * len(tensor.models) <= _REMEMBERED


def slab(tensor: TensorFacts, parameters: Parameters) -> int:
    """All that has one index of the first dimension; a vector is one row."""
    return prod(tensor.shape[1:]) if len(tensor.shape) > 1 else tensor.elements


def apply(
    chunk: Chunk, number: int, delta: torch.Tensor, statistics: Statistics, parameters: Parameters
) -> None:
    """Zeroes entries in place, those of magnitude rank r of m with probability `p - eps + 2 eps r / (m - 1)`.

    Rows run along the second dimension, whatever the rank of the tensor; those of one element have the
    probability p. The random words are those of DARE's masks. If `rescale` is `per_element`, what is kept is
    divided by the probability with which it was.
    """
    probabilities, last = limits_of(chunk, number, parameters)
    keys, low = keys_of(chunk, number), chunk.start % MASK_BLOCK
    divided = rescale_kind(parameters) == "per_element"
    if not divided and len(chunk.tensor.shape) < 3:
        drop_by_rank(delta, last, keys, low, chunk.scratch)
        return
    ranks = ranks_along_second(delta, chunk)
    if divided:
        delta.div_(probabilities[ranks])
    drop_above(delta, last, ranks, keys, low, chunk.scratch)


def limits_of(chunk: Chunk, number: int, parameters: Parameters) -> tuple[torch.Tensor, torch.Tensor]:
    """What `by_rank` tells of an input's rows."""
    shape = chunk.tensor.shape
    columns, limits = (shape[1], by_rank_remembered) if len(shape) > 1 else (chunk.tensor.elements, by_rank)
    density, epsilon = parameters.each("density")[number], parameters.each("epsilon")[number]
    return limits(columns, density, epsilon, chunk.scratch.device)


def keys_of(chunk: Chunk, number: int) -> list[tuple[int, int]]:
    """Of an input's mask, those of the blocks that the chunk lies in."""
    facts = chunk.tensor
    blocks = range(chunk.start // MASK_BLOCK, (chunk.start + chunk.elements - 1) // MASK_BLOCK + 1)
    return [mask_key(facts.seed, facts.models[number], facts.name, block) for block in blocks]


def ranked_masks(chunk: Chunk, numbers: Iterable[int], parameters: Parameters) -> list[RankedMask]:
    """The masks of some inputs, for a compiled kernel."""
    return [RankedMask(limits_of(chunk, number, parameters)[1], keys_of(chunk, number)) for number in numbers]


def by_rank(
    columns: int, density: float, epsilon: float, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of each rank in a row the probability, float64, and the last word kept, int32; [columns] both."""
    least, span = (density - epsilon, 2 * epsilon / (columns - 1)) if columns > 1 else (density, 0.0)
    probabilities = torch.arange(columns, device=device).to(torch.float64).mul_(span).add_(least)
    # The last word below `p * 2^32 - 2^31`.
    last = torch.ceil(probabilities * 2.0**32 - 2.0**31).sub_(1).clamp_(-(2**31), 2**31 - 1)
    return probabilities, last.to(torch.int32)


# For the rows of matrices, which are many and alike.
by_rank_remembered = lru_cache(maxsize=32)(by_rank)


def ranks_along_second(values: torch.Tensor, chunk: Chunk) -> torch.Tensor:
    """Magnitude ranks along the second dimension of whole slabs, or of a whole vector; [n] to int32 [n]."""
    shape = chunk.tensor.shape
    if len(shape) < 3:
        return row_ranks(values, shape[1] if len(shape) == 2 else len(values), chunk.scratch)
    slabs = values.view(-1, shape[1], prod(shape[2:])).transpose(1, 2)
    ranks = row_ranks(slabs.reshape(-1), shape[1], chunk.scratch).view(slabs.shape)
    return ranks.transpose(1, 2).reshape(-1)


def remembered(chunk: Chunk, number: int, statistics: Statistics, parameters: Parameters) -> Thinning | None:
    """What the pass for the L1 norms has noted, if it has."""
    if "kept" not in statistics:
        return None
    bits = statistics["kept"][thinned(parameters).index(number), chunk.start // 8 :]
    return Thinning(native.KEPT, bits=bits)


def measuring_norms(member: Method) -> Callable[[Parameters], tuple[Reduction, ...]]:
    """The reductions of a member of the family, with a compiled kernel's help where there is one that can."""

    def reductions(parameters: Parameters) -> tuple[Reduction, ...]:
        return tuple(compiled(reduction) for reduction in member.reductions(parameters))

    def compiled(reduction: Reduction) -> Reduction:
        def measure_norms(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
            assert chunk.stored_base is not None
            call, facts, numbers = RANKED_NORMS.call, chunk.tensor, thinned(parameters)
            if call is None or not chunk.is_plain or len(facts.shape) > 2 or facts.shape[-1] > LONGEST_ROW:
                return reduction.measure(chunk, statistics, parameters)
            masks = ranked_masks(chunk, numbers, parameters)
            inputs = [chunk.stored_inputs[number] for number in numbers]
            notes = notes_of(chunk, statistics, parameters) if remembers(facts) else []
            place = chunk.start % MASK_BLOCK
            return [ranked_norms(call, inputs, chunk.stored_base, masks, place, notes)]

        return replace(reduction, measure=measure_norms)

    return reductions


# Source: Deep et al. 2024, arXiv:2406.11617, section 3 (MAGPRUNE), each row's entries ranked.
RANKED = Sparsifier((), apply, remembered)


def della(elect: Election | None) -> Method:
    """The member of the task-arithmetic family; `epsilon` is half of the spread of the probabilities."""
    member = family_member(RANKED, elect=elect, remembers=remembers)
    epsilon = (*member.per_input, "epsilon")
    return replace(member, per_input=epsilon, whole=slab, reductions=measuring_norms(member))


DELLA = della(elect_by_weight)
DELLA_LINEAR = della(None)
