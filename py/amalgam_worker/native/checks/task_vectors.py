"""Compares the compiled task-arithmetic family; what is checked is not in use, so methods go by torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from amalgam_worker.kernels.sums import SUM_GROUP
from amalgam_worker.lean_torch import seeded
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
_RESCALES = [1.7, 1.0, 0.6, 1.0]
_FIRST_BLOCK = 2
_THRESHOLD, _OUTLIER = 0x3E800000, 0x3F000000  # of 0.25 and 0.5, which many have


@dataclass(frozen=True, slots=True)
class _Models:
    densities: tuple[float, ...]
    cut_blocks: tuple[int, ...]  # of those of which a part is kept
    dtype: torch.dtype | None = None  # else of all types in turn


# Cuts amid the equal magnitudes of this block; and few models that are alike, with cuts in others.
_UNLIKE = _Models((0.5, 1.0, 0.2, 0.0), (_FIRST_BLOCK, _FIRST_BLOCK + 1))
_ALIKE = [_Models((0.5, 0.3, 0.2, 0.7)[:count], (1, 3, 0, 4)[:count], torch.bfloat16) for count in (2, 3, 4)]
_CHUNKS = [*((_UNLIKE, length) for length in LENGTHS[1::2]), *zip(_ALIKE, LENGTHS[1:], strict=True)]


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
    return all(_merged_alike(call, case, models, length) for case in _CASES for models, length in _CHUNKS)


def _merged_alike(call: Call, case: _Case, models: _Models, length: int) -> bool:
    given, expected = _chunk(models, length), _chunk(models, length)
    parameters, statistics = _parameters(case, models), _statistics(case, models)
    weights = parameters.each("weight")
    how = thinnings(case.sparsifier, given, statistics, parameters)
    assert how is not None
    assert given.stored_base is not None
    factors = [
        weight * (1.0 if case.sparsifier is None else rescale)
        for weight, rescale in zip(weights, _RESCALES, strict=False)
    ]
    scale = 0.9 / sum(weights) if case.normalizes and not case.elects else 0.9
    divisors = weights if case.normalizes and case.elects else None
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
        _measured_alike(call, case, models, length, is_moderate)
        for case in _CASES
        if case.sparsifier not in (None, RANKED) and not case.normalizes
        for models in (_UNLIKE, _ALIKE[-1])
        for length, is_moderate in ((LENGTHS[1], False), (SUM_GROUP + 5, False), (SUM_GROUP + 5, True))
    )


def _measured_alike(call: Call, case: _Case, models: _Models, length: int, is_moderate: bool) -> bool:
    given, expected = (_chunk(models, length, is_moderate) for _ in range(2))
    parameters, statistics = _parameters(case, models), _statistics(case, models)
    how = thinnings(case.sparsifier, given, statistics, parameters)
    assert how is not None
    assert given.stored_base is not None
    numbers = thinned(parameters)
    inputs, ways = [given.stored_inputs[number] for number in numbers], [how[number] for number in numbers]
    sums = norms(call, inputs, given.stored_base, _FIRST_BLOCK, ways, -(-length // SUM_GROUP))
    (measured, *_) = case.method.reductions(parameters)[-1].measure(expected, statistics, parameters)
    return same_bits(sums, measured)


def _chunk(models: _Models, length: int, is_moderate: bool = False) -> Chunk:
    """Moderate: without what would hide all others in a sum."""
    numbers = range(len(models.densities))
    facts = TensorFacts("self-check", (4 * BLOCK,), tuple(numbers), 3)
    values = {number: awkward(length, 20 + number) for number in (-1, *numbers)}
    if is_moderate:
        values = {number: one.nan_to_num(0.0).clamp(-4, 4) for number, one in values.items()}
    base, *inputs = (_stored(models, one, number) for number, one in values.items())
    scratch = Scratch(torch.device("cpu"))
    return Chunk(facts, _FIRST_BLOCK * BLOCK, base, inputs, scratch, torch.float32)


def _stored(models: _Models, values: torch.Tensor, number: int) -> torch.Tensor:
    return as_stored(values, number) if models.dtype is None else values.to(models.dtype)


def _parameters(case: _Case, models: _Models) -> Parameters:
    shared: dict[str, bool | float | str] = {"lambda": 0.9, "normalize": case.normalizes, "rescale": "l1"}
    return Parameters(shared, list(_per_input(models)))


def _per_input(models: _Models) -> Iterator[dict[str, bool | float | str]]:
    for weight, density in zip(_WEIGHTS, models.densities, strict=False):
        yield {"weight": weight, "density": density, "gamma": 0.1}


def _statistics(case: _Case, models: _Models) -> Statistics:
    """Cuts amid equal magnitudes, of which some in a block are kept, and before the first element."""
    cuts = {
        LARGEST: [[[_THRESHOLD, block, 2]] for block in models.cut_blocks],
        BETWEEN: [
            [[_OUTLIER, block, 1] if number % 2 == 0 else [0, 0, 0], [_THRESHOLD, block, 2]]
            for number, block in enumerate(models.cut_blocks)
        ],
    }
    found: Statistics = (
        {} if case.sparsifier is None else {"rescales": torch.tensor(_RESCALES, dtype=torch.float64)}
    )
    if case.sparsifier is RANKED:
        bytes_of_rows = (len(models.cut_blocks), (_FIRST_BLOCK * BLOCK + LENGTHS[-1]) // 8 + 1)
        random = seeded(40)
        found["kept"] = torch.randint(0, 256, bytes_of_rows, generator=random, dtype=torch.uint8)
    for sparsifier, rows in cuts.items():
        if case.sparsifier is sparsifier:
            found["cuts"] = torch.tensor(rows)
    return found
