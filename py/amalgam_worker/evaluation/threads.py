"""How many CPU threads torch computes with."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..devices import usable_cpus


@contextmanager
def torch_threads(count: int | None) -> Iterator[None]:
    """So many inside the block, or one for each usable CPU; as before after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or usable_cpus())
    try:
        yield
    finally:
        torch.set_num_threads(before)
