"""Compares the compiled sums and dot products."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.gram import eager_dots, eager_row_dots
from amalgam_worker.kernels.sums import SUM_GROUP, eager_group_dots, eager_group_sums
from amalgam_worker.native.checks.awkward import as_stored, awkward
from amalgam_worker.native.kernel import Call
from amalgam_worker.native.sums import Pairs, dots, group_dots, group_sums, row_dots
from amalgam_worker.tensors.buffers import Scratch

_LENGTHS = (1, 15, SUM_GROUP, 3 * SUM_GROUP + 2069)
_CPU = torch.device("cpu")


def same_numbers(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors are equal, zeros to their signs; all NaN are alike."""
    return torch.equal(one.nan_to_num(-1.5), other.nan_to_num(-1.5)) and torch.equal(
        one.signbit() & ~one.isnan(), other.signbit() & ~other.isnan()
    )


def group_sums_agree(call: Call) -> bool:
    """Whether they have the bits of torch."""
    return all(
        same_numbers(group_sums(call, values, -(-len(values) // SUM_GROUP)), eager_group_sums(values))
        for values in _vectors()
    )


def group_dots_agree(call: Call) -> bool:
    """Whether they have the bits of torch."""
    return all(
        same_numbers(
            group_dots(call, pairs, -(-len(pairs[0][0]) // SUM_GROUP)),
            torch.stack([eager_group_dots(*pair, Scratch(_CPU)) for pair in _wide(pairs)]),
        )
        for pairs in [*_pairs(), *_stored_pairs()]
    )


def dots_agree(call: Call) -> bool:
    """Whether they have the bits of torch."""
    return all(
        same_numbers(dots(call, pairs, block, base), eager_dots(_wide(pairs, base), block, Scratch(_CPU)))
        for pairs in [*_pairs(), *_stored_pairs()]
        for block in (2 * SUM_GROUP, 2**20)
        for base in (None, as_stored(awkward(len(pairs[0][0]), 7), block))
    )


def row_dots_agree(call: Call) -> bool:
    """Whether they have the bits of torch."""
    for pairs in _pairs():
        for start, columns in ((5, 7), (100, 2048)):
            expected = eager_row_dots(pairs, start, columns, Scratch(_CPU))
            if not same_numbers(row_dots(call, pairs, start, columns, len(expected)), expected):
                return False
    return True


def _vectors() -> list[torch.Tensor]:
    hard = [awkward(length, 6) for length in _LENGTHS]
    # Infinite values hide all others of their sums.
    return hard + [torch.where(values.abs() < 1e3, values, 1.0) for values in hard]


def _pairs() -> list[Pairs]:
    vectors = _vectors()
    return [[(one, one), (one, one.flip(0)), (one * 1e22, one)] for one in vectors]


def _stored_pairs() -> list[Pairs]:
    """Some pairs of three vectors, and all of one to four."""
    rows = [[as_stored(vector.roll(number), number) for number in range(4)] for vector in _vectors()]
    some: list[Pairs] = [[(one, one), (one, two), (two, three)] for one, two, three, _ in rows]
    return some + [
        [(one, other) for number, one in enumerate(row[:count]) for other in row[: number + 1]]
        for row in rows
        for count in (1, 2, 3, 4)
    ]


def _wide(pairs: Pairs, base: torch.Tensor | None = None) -> Pairs:
    """As float32, or what they differ from the base; a vector stays one vector."""
    sides = {vector.data_ptr(): vector.to(torch.float32) for pair in pairs for vector in pair}
    if base is not None:
        sides = {place: vector - base.to(torch.float32) for place, vector in sides.items()}
    return [(sides[one.data_ptr()], sides[other.data_ptr()]) for one, other in pairs]
