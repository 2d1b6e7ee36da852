"""Dot products, whole and by row, against numpy in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from amalgam_worker.kernels.gram import gram, gram_by_row
from amalgam_worker.tensors.buffers import Scratch

SCRATCH = Scratch(torch.device("cpu"))


def test_gram_of_small_differences() -> None:
    vectors = torch.randn(3, 5000, generator=torch.Generator().manual_seed(1)) * 1e-23
    wide = vectors.double().numpy()
    whole = gram(list(vectors), 65_536, SCRATCH)
    np.testing.assert_allclose(whole.numpy(), [wide @ wide.T], rtol=1e-12)
    blocks = gram(list(vectors), 4096, SCRATCH)
    expected = [part @ part.T for part in (wide[:, :4096], wide[:, 4096:])]
    np.testing.assert_allclose(blocks.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("start", "length", "columns"), [(0, 12, 4), (3, 9, 4), (5, 1, 4), (2, 3, 100), (4, 8, 1)]
)
def test_rows_that_a_run_touches(start: int, length: int, columns: int) -> None:
    rows = -(-(start + length) // columns)
    matrices = torch.randn(2, rows * columns, generator=torch.Generator().manual_seed(2))
    masked = torch.zeros_like(matrices)
    masked[:, start : start + length] = matrices[:, start : start + length]
    wide = masked.view(2, rows, columns).double().numpy()
    expected = np.einsum("irc,jrc->rij", wide, wide)[start // columns :]
    result = gram_by_row([row[start : start + length] for row in matrices], start, columns, SCRATCH)
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12, atol=1e-15)
