"""Compares the compiled task-arithmetic family; what is checked is not in use, so methods go by torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from amalgam_worker.kernels.sums import SUM_GROUP
from amalgam_worker.methods.breadcrumbs import BETWEEN, BREADCRUMBS, BREADCRUMBS_TIES
from amalgam_worker.methods.della import DELLA, RANKED
from amalgam_worker.methods.method import BLOCK, Chunk, Method, Parameters, Statistics, TensorFacts
from amalgam_worker.methods.sparsify import LARGEST, RANDOM, Sparsifier, thinned, thinnings
from amalgam_worker.methods.task_arithmetic import DARE_LINEAR, DARE_TIES, TASK_ARITHMETIC, family_member
from amalgam_worker.native.checks.awkward import LENGTHS, as_stored, awkward, same_bits
from amalgam_worker.native.kernel import Call
from amalgam_worker.native.task_vectors import merge, norms
from amalgam_worker.tensors.buffers import Scratch

_WEIGHTS = [0.7, -0.4, 1.0, 0.3]
_DENSITIES = [0.5, 1.0, 0.2, 0.0]
_RESCALES = [1.7, 1.0, 0.6, 1.0]
_FIRST_BLOCK = 2
_THRESHOLD = 0x3E800000  # of 0.25, which many have


@dataclass(frozen=True, slots=True)
class _Case:
    method: Method
    sparsifier: Sparsifier | None
    elects: bool
    normalizes: bool


_CASES = [
    _Case(method, sparsifier, elects, normalizes)
    for method, sparsifier, elects in (
        (TASK_ARITHMETIC, None, False),
        (family_member(LARGEST, elect=None), LARGEST, False),
        (BREADCRUMBS, BETWEEN, False),
        (BREADCRUMBS_TIES, BETWEEN, True),
        (DARE_LINEAR, RANDOM, False),
        (DARE_TIES, RANDOM, True),
        (DELLA, RANKED, True),
    )
    for normalizes in (False, True)
]


def merge_agrees(call: Call) -> bool:
    """Whether it gives the bits of torch."""
    return all(_merged_alike(call, case, length) for case in _CASES for length in LENGTHS[1::2])


def _merged_alike(call: Call, case: _Case, length: int) -> bool:
    given, expected = _chunk(length), _chunk(length)
    parameters, statistics = _parameters(case), _statistics(case)
    how = thinnings(case.sparsifier, given, statistics, parameters)
    assert how is not None
    assert given.stored_base is not None
    factors = [
        weight * (1.0 if case.sparsifier is None else rescale)
        for weight, rescale in zip(_WEIGHTS, _RESCALES, strict=True)
    ]
    scale = 0.9 / sum(_WEIGHTS) if case.normalizes and not case.elects else 0.9
    divisors = _WEIGHTS if case.normalizes and case.elects else None
    merged = merge(
        call,
        given.stored_inputs,
        False,
        given.stored_base,
        _FIRST_BLOCK,
        how,
        factors,
        case.elects,
        divisors,
        scale,
        given.take("merged"),
    )
    return same_bits(merged, case.method.combine(expected, statistics, parameters))


def norms_agree(call: Call) -> bool:
    """Whether it gives the bits of torch."""
    return all(
        _measured_alike(call, case, length)
        for case in _CASES
        if case.sparsifier not in (None, RANKED) and not case.normalizes
        for length in (LENGTHS[1], SUM_GROUP + 5)
    )


def _measured_alike(call: Call, case: _Case, length: int) -> bool:
    given, expected = _chunk(length), _chunk(length)
    parameters, statistics = _parameters(case), _statistics(case)
    how = thinnings(case.sparsifier, given, statistics, parameters)
    assert how is not None
    assert given.stored_base is not None
    numbers = thinned(parameters)
    inputs, ways = [given.stored_inputs[number] for number in numbers], [how[number] for number in numbers]
    sums = norms(call, inputs, given.stored_base, _FIRST_BLOCK, ways, -(-length // SUM_GROUP))
    (measured, *_) = case.method.reductions(parameters)[-1].measure(expected, statistics, parameters)
    return same_bits(sums, measured)


def _chunk(length: int) -> Chunk:
    models = range(len(_WEIGHTS))
    facts = TensorFacts("self-check", (4 * BLOCK,), tuple(models), 3)
    base, *inputs = (as_stored(awkward(length, 20 + number), number) for number in (-1, *models))
    scratch = Scratch(torch.device("cpu"))
    return Chunk(facts, _FIRST_BLOCK * BLOCK, base, inputs, scratch, torch.float32)


def _parameters(case: _Case) -> Parameters:
    shared: dict[str, bool | float | str] = {"lambda": 0.9, "normalize": case.normalizes, "rescale": "l1"}
    return Parameters(shared, list(_per_input()))


def _per_input() -> Iterator[dict[str, bool | float | str]]:
    for weight, density in zip(_WEIGHTS, _DENSITIES, strict=True):
        yield {"weight": weight, "density": density, "gamma": 0.1}


def _statistics(case: _Case) -> Statistics:
    """Cuts amid equal magnitudes, of which some in this block are kept, and before the first element."""
    cuts = {
        LARGEST: [[[_THRESHOLD, _FIRST_BLOCK, 2]], [[_THRESHOLD, _FIRST_BLOCK + 1, 2]]],
        BETWEEN: [
            [[_THRESHOLD << 1 & 0x3F000000, _FIRST_BLOCK, 1], [_THRESHOLD, _FIRST_BLOCK, 2]],
            [[0, 0, 0], [_THRESHOLD, 0, 2]],
        ],
    }
    found: Statistics = (
        {} if case.sparsifier is None else {"rescales": torch.tensor(_RESCALES, dtype=torch.float64)}
    )
    if case.sparsifier is RANKED:
        bytes_of_rows = (2, (_FIRST_BLOCK * BLOCK + LENGTHS[-1]) // 8 + 1)
        random = torch.Generator().manual_seed(40)
        found["kept"] = torch.randint(0, 256, bytes_of_rows, generator=random, dtype=torch.uint8)
    for sparsifier, rows in cuts.items():
        if case.sparsifier is sparsifier:
            found["cuts"] = torch.tensor(rows)
    return found
