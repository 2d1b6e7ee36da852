"""Values that are hard to get right."""

from __future__ import annotations

import torch

from amalgam_worker.lean_torch import seeded
from amalgam_worker.native.kernel import STORED_TYPES

# Neither whole strips nor whole vectors.
LENGTHS = (1, 15, 1024, 2069)
_HARD = (0.0, -0.0, 1e-45, -1e-42, 1.1754944e-38, 3.4e38, -3.4e38, float("inf"), float("-inf"), float("nan"))


def awkward(length: int, seed: int) -> torch.Tensor:
    """float32 [length]: many equal magnitudes, zeros of both signs, subnormal numbers, infinities, NaN."""
    generator = seeded(seed)
    values = torch.randn(length, generator=generator)
    few = torch.randint(-4, 5, (length,), generator=generator).to(torch.float32) / 4
    values = torch.where(torch.rand(length, generator=generator) < 0.5, values, few)
    places = torch.randint(0, length, (len(_HARD),), generator=generator)
    if length > len(_HARD):
        values[places] = torch.tensor(_HARD)
    return values


def as_stored(values: torch.Tensor, number: int) -> torch.Tensor:
    """Rounded to one of the types that models are stored in."""
    return values.to(list(STORED_TYPES)[number % len(STORED_TYPES)])


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two float32 tensors are equal to the bit; all NaN are alike."""
    pairs = one.view(torch.int32) == other.view(torch.int32)
    return bool((pairs | (one.isnan() & other.isnan())).all())
