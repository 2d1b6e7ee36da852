"""Bits of what is kept, against multiplying by a mask."""

from __future__ import annotations

import math

import torch

from amalgam_worker.kernels.kept_bits import keep_packed, pack_kept


def test_what_had_no_bit_becomes_zero() -> None:
    generator = torch.Generator().manual_seed(5)
    values = torch.randn(1003, generator=generator)
    left = values * (torch.rand(1003, generator=generator) < 0.4)
    kept = torch.cat([pack_kept(left[:400]), pack_kept(left[400:])])
    assert len(kept) == 126
    for low, high in ((0, 1003), (0, 400), (400, 1003), (8, 9)):
        part = values[low:high].clone()
        keep_packed(part, kept, low)
        assert torch.equal(part, left[low:high])


def test_what_is_not_finite_stays_so() -> None:
    values = torch.tensor([math.nan, math.inf, 1.0, 0.0])
    assert pack_kept(values).tolist() == [0b11100000]
    keep_packed(values, torch.tensor([0], dtype=torch.uint8), 0)
    assert values.isnan().tolist() == [True, True, False, False]
