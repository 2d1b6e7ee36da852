"""Ranks within rows, against counting."""

from __future__ import annotations

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
