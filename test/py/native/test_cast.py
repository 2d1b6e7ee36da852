"""The compiled casts against torch's."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.tensors.cast import cast_finite
from helpers.compiled import compiled


def cast(values: torch.Tensor, dtype: torch.dtype) -> tuple[bool, list[int]]:
    target = torch.zeros_like(values, dtype=dtype)
    is_finite = cast_finite(values, target)
    bits: list[int] = target.view(torch.int16).tolist()
    return is_finite, bits if is_finite else []


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@settings(max_examples=150, deadline=None)
@given(
    numbers=st.lists(
        st.one_of(st.floats(width=32), st.floats(-66000, 66000, width=32)), min_size=1, max_size=50
    )
)
def test_any_numbers(dtype: torch.dtype, numbers: list[float]) -> None:
    values = torch.tensor(numbers)
    expected = cast(values, dtype)
    with compiled():
        assert cast(values, dtype) == expected


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_every_pattern_of_16_bits_and_what_lies_around(dtype: torch.dtype) -> None:
    """Numbers of the type, the middles between them, and the floats next to both."""
    numbers = torch.arange(-(2**15), 2**15, dtype=torch.int16).view(dtype).to(torch.float32)
    numbers = numbers[numbers.isfinite()].sort().values
    middles = (numbers[1:].to(torch.float64) + numbers[:-1].to(torch.float64)).div(2).to(torch.float32)
    exact = torch.cat([numbers, middles])
    around = [
        exact,
        torch.nextafter(exact, torch.tensor(torch.inf)),
        torch.nextafter(exact, torch.tensor(-torch.inf)),
    ]
    values = torch.cat(around)
    values = values[values.to(dtype).isfinite()]
    expected = cast(values, dtype)
    assert expected[0]
    with compiled():
        assert cast(values, dtype) == expected
