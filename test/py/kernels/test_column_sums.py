"""Column sums gathered from runs of a flattened matrix, against numpy on the whole of it."""

from __future__ import annotations

import pytest
import torch

from amalgam_worker.kernels.column_sums import add_column_sums, column_sums


@pytest.mark.parametrize("run", [1, 4, 7, 12, 64])
@pytest.mark.parametrize(("rows", "columns"), [(9, 7), (1, 5), (5, 1), (3, 40)])
def test_any_cut_gives_the_sums_of_the_columns(run: int, rows: int, columns: int) -> None:
    generator = torch.Generator().manual_seed(1)
    values = torch.randn(2, rows * columns, generator=generator, dtype=torch.float64)
    totals = torch.zeros(2, columns, dtype=torch.float64)
    for start in range(0, rows * columns, run):
        sums = column_sums(values[:, start : start + run], columns)
        assert sums.shape[1] <= columns
        add_column_sums(totals, sums, start)
    torch.testing.assert_close(totals, values.view(2, rows, columns).sum(1))
