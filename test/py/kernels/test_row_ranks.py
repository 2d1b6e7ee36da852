"""Ranks within rows, against counting."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.row_ranks import row_ranks


def test_ranks_count_what_comes_before() -> None:
    values = torch.randint(-4, 5, (40, 23), generator=torch.Generator().manual_seed(6)).float()
    for row, ranks in zip(values.abs().tolist(), row_ranks(values).tolist(), strict=True):
        for place, magnitude in enumerate(row):
            smaller = sum(other < magnitude for other in row)
            assert ranks[place] == smaller + row[:place].count(magnitude)
