"""Sign election in one pass; see `kernels.sign_election`."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from amalgam_worker.native.kernel import COUNT, POINTER, WHOLE, Call, Kernel, addresses, numbers

ELECTION = Kernel("amalgam_elect", POINTER, POINTER, POINTER, COUNT, COUNT, WHOLE, POINTER, POINTER)


def elect(
    call: Call,
    vectors: Sequence[torch.Tensor],
    factors: Sequence[float],
    weights: Sequence[float] | None,
    sign_of_zero: int,
    total: torch.Tensor,
    divisor: torch.Tensor,
) -> None:
    """Fills total and divisor, [n] both, with what `agreeing_sums` tells; N vectors of shape [n]."""
    call(
        addresses(vectors),
        numbers(factors),
        None if weights is None else numbers(weights),
        len(vectors),
        total.numel(),
        sign_of_zero,
        total.data_ptr(),
        divisor.data_ptr(),
    )
