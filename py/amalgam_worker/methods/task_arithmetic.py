"""The task-arithmetic family: task vectors, thinned out, rescaled, added up with or without sign election."""

from __future__ import annotations

from collections.abc import Callable
from operator import mul

import torch

from amalgam_worker.kernels.kept_bits import keep_packed, pack_kept
from amalgam_worker.kernels.sign_election import elected_sum
from amalgam_worker.kernels.sums import SUM_GROUP, group_sums
from amalgam_worker.methods.method import (
    BLOCK,
    Chunk,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.methods.sparsify import RANDOM, Sparsifier, sparsify, thinned, thinnings
from amalgam_worker.native import task_vectors as native

# L1 norms below this are taken for zero, weights that sum to less in magnitude for cancelling out.
_SMALLEST_NORM = 1e-7
_SMALLEST_WEIGHT = 1e-8


# (chunk, sparsified task vectors, factor of each, statistics, parameters): the merged task vector
Election = Callable[[Chunk, list[torch.Tensor], list[float], Statistics, Parameters], torch.Tensor]


def elect_by_weight(
    chunk: Chunk,
    deltas: list[torch.Tensor],
    factors: list[float],
    statistics: Statistics,
    parameters: Parameters,
) -> torch.Tensor:
    """The weighted task vectors elect a sign per element; `normalize` divides by the weights that agree."""
    for delta, factor in zip(deltas, factors, strict=True):
        delta.mul_(factor)
    weights = parameters.each("weight") if parameters.flag("normalize") else None
    return elected_sum(deltas, weights, chunk.scratch)


def weighted_sum(
    chunk: Chunk,
    deltas: list[torch.Tensor],
    factors: list[float],
    statistics: Statistics,
    parameters: Parameters,
) -> torch.Tensor:
    """The sum of the task vectors, each times its factor."""
    for delta, factor in zip(deltas, factors, strict=True):
        delta.mul_(factor)
    total = deltas[0]
    for delta in deltas[1:]:
        total.add_(delta)
    return total


def rescale_kind(parameters: Parameters) -> str:
    """How task vectors are made up for what they have lost; true is `l1`."""
    kind = parameters.shared["rescale"]
    if isinstance(kind, bool):
        return "l1" if kind else "none"
    return str(kind)


def rescales(statistics: Statistics, parameters: Parameters) -> list[float]:
    """What makes up for what each thinned task vector has lost; 1 for the others."""
    if rescale_kind(parameters) == "inverse_density":
        return [1 / density if 0 < density < 1 else 1.0 for density in parameters.each("density")]
    found: list[float] = statistics["rescales"].tolist() if "rescales" in statistics else []
    return found or [1.0] * len(parameters.per_input)


def family_member(
    sparsifier: Sparsifier | None,
    *,
    elect: Election | None,
    by_weight: Callable[[Parameters], bool] = lambda parameters: True,
    remembers: Callable[[TensorFacts], bool] = lambda tensor: False,
) -> Method:
    """A method of the family.

    out = W_0 + lambda * sum_i(w_i * r_i * sparsified(W_i - W_0)), over all models or, per element, over those
    that agree with the elected sign; divided by the sum of the w_i that took part if `normalize`. r_i
    restores the L1 norm of the task vector if `rescale` is `l1`, per tensor and model; it is 1 / density if
    `inverse_density`.

    `by_weight` tells whether the election is that of `elect_by_weight`, if there is one. Where the tensor
    `remembers`, the pass for the L1 norms also notes, on the CPU, what is kept.

    Source: Ilharco et al. 2023, arXiv:2212.04089, section 2.
    """

    def reductions(parameters: Parameters) -> tuple[Reduction, ...]:
        if sparsifier is None or not thinned(parameters):
            return ()
        norms = (
            (Reduction(measure_norms, gather_norms, "per chunk"),) if rescale_kind(parameters) == "l1" else ()
        )
        return sparsifier.reductions + norms

    def measure_norms(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> Partial:
        assert sparsifier is not None
        assert chunk.stored_base is not None
        call = native.TASK_VECTOR_NORMS.call if chunk.is_plain else None
        how = thinnings(sparsifier, chunk, statistics, parameters)
        if call is not None and how is not None:
            inputs = [chunk.stored_inputs[number] for number in thinned(parameters)]
            ways, groups = [how[number] for number in thinned(parameters)], -(-chunk.elements // SUM_GROUP)
            return [native.norms(call, inputs, chunk.stored_base, chunk.start // BLOCK, ways, groups)]
        deltas, norms = chunk.deltas(), []
        is_noted = remembers(chunk.tensor) and chunk.scratch.device.type == "cpu"
        notes = notes_of(chunk, statistics, parameters) if is_noted else []
        for place, number in enumerate(thinned(parameters)):
            # What is dropped goes by magnitudes, places and chance: never by signs.
            magnitude = deltas[number].abs_()
            norms.append(group_sums(magnitude))
            sparsify(sparsifier, chunk, number, magnitude, statistics, parameters)
            norms.append(group_sums(magnitude))
            if is_noted:
                notes[place].copy_(pack_kept(magnitude))
        return [torch.stack(norms)]

    def thinned_out(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> list[torch.Tensor]:
        deltas = chunk.deltas()
        if sparsifier is not None:
            noted = dict(zip(thinned(parameters), statistics.get("kept", ()), strict=False))
            for number, delta in enumerate(deltas):
                if number in noted:
                    keep_packed(delta, noted[number], chunk.start)
                else:
                    sparsify(sparsifier, chunk, number, delta, statistics, parameters)
        return deltas

    def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
        assert chunk.stored_base is not None
        weights = factors = parameters.each("weight")
        if sparsifier is not None:
            factors = list(map(mul, weights, rescales(statistics, parameters)))
        scale = parameters.number("lambda")
        if elect is None and parameters.flag("normalize") and abs(sum(weights)) >= _SMALLEST_WEIGHT:
            scale /= sum(weights)
        call = native.MERGE_TASK_VECTORS.call if chunk.is_plain else None
        if call is not None and by_weight(parameters):
            how = thinnings(sparsifier, chunk, statistics, parameters)
            is_thinned = how is None
            vectors = thinned_out(chunk, statistics, parameters) if is_thinned else chunk.stored_inputs
            return native.merge(
                call,
                vectors,
                is_thinned,
                chunk.stored_base,
                chunk.start // BLOCK,
                how or [native.Thinning(native.ALL)] * len(vectors),
                factors,
                elect is not None,
                weights if elect is not None and parameters.flag("normalize") else None,
                scale,
                chunk.take("merged"),
            )
        deltas = thinned_out(chunk, statistics, parameters)
        assert chunk.base is not None
        add = weighted_sum if elect is None else elect
        return chunk.base.add_(add(chunk, deltas, factors, statistics, parameters).mul_(scale))

    return Method(
        shared=("normalize", "rescale", "lambda", "int8_mask"),
        per_input=("weight", "density"),
        combine=combine,
        reductions=reductions,
    )


def notes_of(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> list[torch.Tensor]:
    """Where the pass for the L1 norms notes what is kept of a chunk: uint8 [bytes], per thinned input."""
    room = statistics.get("noted")
    if room is None:
        wanted = torch.empty(len(thinned(parameters)), -(-chunk.tensor.elements // 8), dtype=torch.uint8)
        # Whoever comes first among threads.
        room = statistics.setdefault("noted", wanted)
    first = chunk.start // 8
    return list(room[:, first : first - (-chunk.elements // 8)])


def gather_norms(
    partials: list[Partial], tensor: TensorFacts, statistics: Statistics, parameters: Parameters
) -> Statistics:
    """Per input the factor that restores its L1 norm; float64 [N], 1 where a norm is next to nothing.

    If it has been noted what is kept: also that, uint8 [thinned, bytes].
    """
    # The same groups for any chunks: so are the bits of their sum.
    sums = torch.cat([parts for (parts,) in partials], dim=1).cpu()
    norms = sums.sum(1, dtype=torch.float64).reshape(-1, 2).tolist()
    rescales = torch.ones(len(tensor.models), dtype=torch.float64)
    for number, (before, after) in zip(thinned(parameters), norms, strict=True):
        if min(before, after) >= _SMALLEST_NORM:
            rescales[number] = before / after
    # Known by that name once all of it is there.
    kept = statistics.get("noted")
    return {"rescales": rescales} if kept is None else {"rescales": rescales, "kept": kept}


TASK_ARITHMETIC = family_member(None, elect=None)
DARE_LINEAR = family_member(RANDOM, elect=None)
DARE_TIES = family_member(RANDOM, elect=elect_by_weight)
