"""How many CPU threads torch computes with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..devices import usable_cpus

# Smaller models' matrices are done before a second thread has woken up.
FEW_PARAMETERS = 1 << 23


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """So many inside the block, or one for each usable CPU; as before after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or usable_cpus())
    try:
        yield
    finally:
        torch.set_num_threads(before)


def fit_threads(parameters: int, asked: int | None) -> None:
    """One thread for a small model, unless a number was asked for; to be called inside `torch_threads`."""
    if asked is None and parameters < FEW_PARAMETERS:
        torch.set_num_threads(1)
