"""Compares the compiled norms of what is thinned out by rank; meanwhile DELLA goes by torch."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.keep_mask import MASK_BLOCK
from amalgam_worker.methods.della import DELLA, ranked_masks
from amalgam_worker.methods.method import Chunk, Parameters, Statistics, TensorFacts
from amalgam_worker.native.checks.awkward import LENGTHS, as_stored, awkward, same_bits
from amalgam_worker.native.kernel import Call
from amalgam_worker.native.ranked_norms import ranked_norms
from amalgam_worker.tensors.buffers import Scratch

_SPREADS = ((0.5, 0.0), (0.5, 0.1), (0.3, 0.29), (0.05, 0.2))


def ranked_norms_agree(call: Call) -> bool:
    """Whether it gives the bits of torch; blocks end within rows, and rows are no whole bytes."""
    return all(_measured_alike(call, columns) for columns in (*LENGTHS, 3000))


def _measured_alike(call: Call, columns: int) -> bool:
    shared: dict[str, bool | float | str] = {"lambda": 1.0, "normalize": False, "rescale": "l1"}
    parameters = Parameters(shared, [{"weight": 1.0, "density": p, "epsilon": e} for p, e in _SPREADS])
    given, expected = _chunk(columns), _chunk(columns)
    assert given.stored_base is not None
    masks, place = ranked_masks(given, range(len(_SPREADS)), parameters), given.start % MASK_BLOCK
    size = -(-given.elements // 8)
    notes = [torch.empty(size, dtype=torch.uint8) for _ in _SPREADS]
    sums = ranked_norms(call, given.stored_inputs, given.stored_base, masks, place, notes)
    (reduction,), statistics = DELLA.reductions(parameters), Statistics()
    (measured,) = reduction.measure(expected, statistics, parameters)
    kept = statistics.get("noted")
    first = given.start // 8
    return same_bits(sums, measured) and (
        kept is None or torch.equal(torch.stack(notes), kept[:, first : first + size])
    )


def _chunk(columns: int) -> Chunk:
    rows = max(2, 9000 // columns)
    before = max(0, MASK_BLOCK // columns - 1)
    facts = TensorFacts("self-check", (before + rows, columns), tuple(range(len(_SPREADS))), 3)
    seeds = range(1 + len(_SPREADS))
    base, *inputs = (as_stored(awkward(rows * columns, 50 + seed), seed) for seed in seeds)
    return Chunk(facts, before * columns, base, inputs, Scratch(torch.device("cpu")), torch.float32)
