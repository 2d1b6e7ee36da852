"""The counted top-k against a stable sort."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.kernels.top_k import (
    TOP_K_BLOCK,
    Bracket,
    Cut,
    bin_bracket,
    count_between,
    count_top_bits,
    cut_at,
    find_bin,
    find_cut,
    keep_largest,
    magnitude_bits,
    sample_bracket,
)
from amalgam_worker.tensors.buffers import Scratch

CPU = torch.device("cpu")


def bracketed(parts: list[tuple[int, torch.Tensor]], bracket: Bracket, k: int) -> Cut | None:
    counted = [count_between(part, bracket, block, Scratch(CPU)) for block, part in parts]
    return find_cut(torch.cat([inside for _, inside in counted], 1), k - sum(above for above, _ in counted))


def top_k(values: torch.Tensor, k: int, chunk: int) -> torch.Tensor:
    """The kept entries, found in chunks."""
    scratch = Scratch(CPU)
    parts = [(place // TOP_K_BLOCK, values[place : place + chunk]) for place in range(0, len(values), chunk)]
    counts = sum((count_top_bits(part, scratch) for _, part in parts), torch.zeros(1, dtype=torch.int64))
    cut = bracketed(parts, bin_bracket(find_bin(counts, k)[0]), k)
    assert cut == cut_at(magnitude_bits(values, scratch), k)
    kept = [part.clone() for _, part in parts]
    for (block, _), part in zip(parts, kept, strict=True):
        keep_largest(part, cut, block, scratch)
    return torch.cat(kept)


def sorted_top_k(values: torch.Tensor, k: int) -> torch.Tensor:
    order = torch.sort(values.abs(), descending=True, stable=True).indices[:k]
    return torch.zeros_like(values).index_copy_(0, order, values[order])


def check(values: torch.Tensor, ks: list[int]) -> None:
    for k in ks:
        expected = sorted_top_k(values, k)
        for chunk in (TOP_K_BLOCK, 4 * TOP_K_BLOCK):
            assert torch.equal(top_k(values, k, chunk), expected), k


def few_distinct(length: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randint(-3, 4, (length,), generator=generator) * 0.25


@pytest.mark.parametrize("length", [1, 2, 65_535, 65_536, 65_537, 200_000])
def test_equal_magnitudes_are_kept_from_the_lowest_index(length: int) -> None:
    values = few_distinct(length)
    nonzero = int((values != 0).sum())
    ks = {1, 2, length // 7, length // 2, nonzero - 1, nonzero, nonzero + 1, length - 1, length}
    check(values, sorted(k for k in ks if 1 <= k <= length))


def test_exact_number_is_kept_where_nothing_is_zero() -> None:
    generator = torch.Generator().manual_seed(4)
    base = (torch.randn(150_000, generator=generator) * 0.02).bfloat16().float()
    tuned = (base + torch.randn(150_000, generator=generator) * 1e-3).bfloat16().float()
    delta = torch.where(tuned == base, torch.tensor(1e-9), tuned - base)
    for k in (1, 75_000, 149_999):
        assert int((top_k(delta, k, TOP_K_BLOCK) != 0).sum()) == k
    check(delta, [1, 1000, 75_000])


def test_all_equal_and_all_zero() -> None:
    check(torch.full((140_000,), -0.5), [1, 65_536, 65_537, 139_999, 140_000])
    check(torch.zeros(70_000), [1, 35_000])


def test_extreme_magnitudes() -> None:
    values = torch.tensor([3e38, -3e38, 1e-45, -1e-45, 0.0, -0.0, 1.17549435e-38, torch.inf, 1.0])
    check(values, list(range(1, 10)))


def test_float64_is_ordered_by_its_float32_magnitude() -> None:
    values = torch.tensor([1.0, 1.0 + 1e-12, -2.0, 0.5], dtype=torch.float64)
    assert top_k(values, 2, TOP_K_BLOCK).tolist() == [1.0, 0.0, -2.0, 0.0]


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=40), st.data())
def test_any_values(values: list[float], data: st.DataObject) -> None:
    tensor = torch.tensor(values)
    k = data.draw(st.integers(1, len(values)))
    assert torch.equal(top_k(tensor, k, TOP_K_BLOCK), sorted_top_k(tensor, k))


@pytest.mark.parametrize("share", [1e-5, 0.01, 0.3, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("kind", ["distinct", "few values"])
def test_a_sample_brackets_the_cut(share: float, kind: str) -> None:
    generator = torch.Generator().manual_seed(8)
    values = torch.randn(300_000, generator=generator) if kind == "distinct" else few_distinct(300_000)
    bits = magnitude_bits(values, Scratch(CPU)).clone()
    k = max(1, int(share * len(values)))
    bracket = sample_bracket(bits[::20], k / len(values))
    parts = [(place // TOP_K_BLOCK, values[place : place + 131_072]) for place in range(0, 300_000, 131_072)]
    assert bracketed(parts, bracket, k) == cut_at(bits, k)
    inside = int(((bits >= bracket.low) & (bits <= bracket.high)).sum())
    assert bracket.frequent if kind == "few values" else inside < 0.15 * len(values)


def test_a_cut_outside_its_bracket_is_not_found() -> None:
    values = torch.arange(1.0, 101.0)
    low, high = magnitude_bits(torch.tensor([40.0, 60.0]), Scratch(CPU)).tolist()
    found = [bracketed([(0, values)], Bracket(low, high), k) for k in (1, 40, 41, 61, 62, 100)]
    assert [cut is not None for cut in found] == [False, False, True, True, False, False]


def test_frequent_values_are_counted_as_the_others() -> None:
    values = few_distinct(200_000)
    low, high, *patterns = magnitude_bits(torch.tensor([0.0, 0.75, 0.25, 0.5]), Scratch(CPU)).tolist()
    parts = [(0, values[:131_072]), (2, values[131_072:])]
    for frequent in ((), tuple(patterns), (low, high)):
        for k in (1, 60_000, 100_000, 199_999):
            cut = bracketed(parts, Bracket(low, high, frequent), k)
            assert cut == cut_at(magnitude_bits(values, Scratch(CPU)), k)
