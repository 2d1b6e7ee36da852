"""The one rounding at the end of a merge."""

from __future__ import annotations

import torch

from amalgam_worker.native.cast import CASTS
from amalgam_worker.tensors.dtypes import fits


def cast_finite(values: torch.Tensor, target: torch.Tensor) -> bool:
    """Casts to the target's type, to nearest, ties to even; [n] both, n > 0.

    Returns:
        whether all values are finite, and so is what they become; if not, the target is undefined.
    """
    kernel = CASTS.get(target.dtype)
    call = None if kernel is None else kernel.serving(values)
    if call is not None:
        return call(values.data_ptr(), values.numel(), target.data_ptr()) == 1
    if not fits(values, target.dtype):
        return False
    target.copy_(values)
    return True
