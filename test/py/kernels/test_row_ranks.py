"""Ranks within rows, against counting."""

from __future__ import annotations

import pytest
import torch

from amalgam_worker.kernels.row_ranks import row_ranks
from amalgam_worker.tensors.buffers import Scratch


def test_ranks_count_what_comes_before() -> None:
    values = torch.randint(-4, 5, (40, 23), generator=torch.Generator().manual_seed(6)).float()
    found = row_ranks(values.view(-1), 23, Scratch(torch.device("cpu"))).view(40, 23)
    for row, ranks in zip(values.abs().tolist(), found.tolist(), strict=True):
        for place, magnitude in enumerate(row):
            smaller = sum(other < magnitude for other in row)
            assert ranks[place] == smaller + row[:place].count(magnitude)


@pytest.mark.parametrize("columns", [3, 700, 40_000])
@pytest.mark.parametrize("kind", ["any float32", "bfloat16", "zeros"])
def test_ranks_are_those_of_a_stable_sort_of_each_row(columns: int, kind: str) -> None:
    rows = 120_000 // columns
    values = torch.randn(rows, columns, generator=torch.Generator().manual_seed(columns))
    if kind == "bfloat16":
        values = values.bfloat16().float()
    elif kind == "zeros":
        values.zero_()
    order = torch.sort(values.abs(), dim=1, stable=True).indices
    expected = torch.sort(order, dim=1).indices
    found = row_ranks(values.view(-1), columns, Scratch(torch.device("cpu")))
    assert torch.equal(found.view(rows, columns).long(), expected)
