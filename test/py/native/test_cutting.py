"""The compiled counting and cutting against torch's."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.kernels import top_k
from amalgam_worker.native.checks.awkward import same_bits
from amalgam_worker.tensors.buffers import Scratch
from helpers.compiled import compiled

CPU = torch.device("cpu")
FEW = st.sampled_from([0.0, -0.0, 0.25, -0.25, 0.5, 1.0, -1.0, 1e-45, float("inf"), float("nan")])
NUMBERS = st.lists(st.one_of(FEW, st.floats(width=32)), min_size=1, max_size=60)
REPEATS = st.sampled_from([1, 7, 40, 2000])
PATTERNS = st.one_of(st.sampled_from([0, 1, 0x3E800000, 0x3F000000, 0x3F800000]), st.integers(0, 2**31 - 1))
USUAL = settings(max_examples=80, deadline=None)


def rows(found: torch.Tensor) -> list[list[int]]:
    return sorted(found.T.tolist())


@USUAL
@given(NUMBERS, REPEATS, PATTERNS, PATTERNS, st.sets(PATTERNS, max_size=4), st.integers(0, 9))
def test_what_is_inside_a_bracket(
    numbers: list[float], repeats: int, one: int, other: int, frequent: set[int], block: int
) -> None:
    values, scratch = torch.tensor(numbers).repeat(repeats), Scratch(CPU)
    low, high = sorted([one, other])
    inside = tuple(pattern for pattern in frequent if low <= pattern <= high)
    bracket = top_k.Bracket(low, high, inside)
    expected, listed = top_k.count_between(values, bracket, block, scratch)
    with compiled():
        above, found = top_k.count_between(values, bracket, block, scratch)
    assert above == expected
    assert rows(found) == rows(listed)


@USUAL
@given(NUMBERS, REPEATS, st.sampled_from([0.0, 0.25, 0.5, 1.0, 1e-45]), st.integers(0, 4), st.integers(0, 90))
def test_what_is_kept(numbers: list[float], repeats: int, threshold: float, block: int, kept: int) -> None:
    values = torch.tensor(numbers).repeat(repeats)
    cut = top_k.Cut(int(torch.tensor(threshold).view(torch.int32)), block, kept + 1)
    expected, found = values.clone(), values.clone()
    top_k.keep_largest(expected, cut, 1, Scratch(CPU))
    with compiled():
        top_k.keep_largest(found, cut, 1, Scratch(CPU))
    assert same_bits(found, expected)


@USUAL
@given(NUMBERS, REPEATS, PATTERNS)
def test_counts_by_bits(numbers: list[float], repeats: int, pattern: int) -> None:
    values, scratch = torch.tensor(numbers).repeat(repeats), Scratch(CPU)

    def counted() -> list[torch.Tensor]:
        low = top_k.count_low_bits_in_all(values, pattern >> 16, scratch)
        return [top_k.count_top_bits(values, scratch), low, top_k.count_equal(values, pattern, scratch)]

    expected = counted()
    with compiled():
        found = counted()
    assert all(map(torch.equal, found, expected))
