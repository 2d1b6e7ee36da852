"""Compiled kernels read every number of 16 bits as torch does."""

from __future__ import annotations

import pytest
import torch

from amalgam_worker.native.checks.awkward import same_bits
from amalgam_worker.native.differences import SUBTRACT, subtract
from helpers.compiled import compiled


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_all_numbers_are_read(dtype: torch.dtype) -> None:
    every = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16).view(dtype)
    result = torch.empty(len(every))
    with compiled():
        assert SUBTRACT.call is not None
        # Less zero, -0 stays -0.
        subtract(SUBTRACT.call, [every], torch.zeros(len(every)), [result])
    assert same_bits(result, every.to(torch.float32))
