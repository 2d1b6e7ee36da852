"""Compares the compiled casts. What is checked is not in use yet: torch does it meanwhile."""

from __future__ import annotations

import torch

from amalgam_worker.native.cast import CASTS
from amalgam_worker.native.checks.awkward import LENGTHS, awkward
from amalgam_worker.native.kernel import Call
from amalgam_worker.tensors.cast import cast_finite

# Largest numbers, halves of steps, limits of subnormal numbers.
_EDGES = (
    65504.0,
    65519.996,
    65520.0,
    -65520.0,
    3.3895314e38,
    3.3961775e38,
    3.4e38,
    float("nan"),
    float("inf"),
)
_SMALL = (6.103515625e-05, 6.0975e-05, 2.9802322e-08, 2.98023224e-08, 8.94e-08, 9.1835e-41, 1e-45, -0.0)


def to_bfloat16_agrees(call: Call) -> bool:
    """Whether it gives the bits of torch."""
    return _agrees(call, torch.bfloat16)


def to_float16_agrees(call: Call) -> bool:
    """Whether it gives the bits of torch."""
    return _agrees(call, torch.float16)


def _agrees(call: Call, dtype: torch.dtype) -> bool:
    many = torch.cat([_finite(length, dtype) for length in LENGTHS])
    scaled = [many * scale for scale in (1.0, 1e-5, 1e-7, 1e-40)]
    edges = [torch.tensor([1.0, edge]) for edge in _EDGES]
    return all(_cast_alike(call, values, dtype) for values in (*scaled, torch.tensor(_SMALL), *edges))


def _finite(length: int, dtype: torch.dtype) -> torch.Tensor:
    values = awkward(length, 8)
    return torch.where(values.abs() < torch.finfo(dtype).max, values, torch.ones(()))


def _cast_alike(call: Call, values: torch.Tensor, dtype: torch.dtype) -> bool:
    assert CASTS[dtype].call is None
    given, expected = torch.full_like(values, 0.1, dtype=dtype), torch.empty_like(values, dtype=dtype)
    is_finite = call(values.data_ptr(), values.numel(), given.data_ptr()) == 1
    if is_finite != cast_finite(values, expected):
        return False
    return not is_finite or torch.equal(given.view(torch.int16), expected.view(torch.int16))
