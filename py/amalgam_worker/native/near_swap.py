"""NearSwap; see `methods.nearswap`."""

from __future__ import annotations

import torch

from amalgam_worker.native.kernel import COUNT, NUMBER, POINTER, Call, Kernel, stored

NEAR_SWAP = Kernel("amalgam_near_swap", POINTER, POINTER, COUNT, NUMBER, NUMBER, POINTER)


def near_swap(
    call: Call, base: torch.Tensor, other: torch.Tensor, t: float, smallest: float, result: torch.Tensor
) -> torch.Tensor:
    """The base moved by `t` over the distance, which counts as `smallest` at least; the float32 result, [n].

    Base and other are as they are stored.
    """
    call(stored([base]), stored([other]), base.numel(), t, smallest, result.data_ptr())
    return result
