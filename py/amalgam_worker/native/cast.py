"""Casts to 16 bits that also look whether all is finite; see `tensors.cast`."""

from __future__ import annotations

import torch

from amalgam_worker.native.kernel import COUNT, POINTER, Kernel

TO_BFLOAT16 = Kernel("amalgam_to_bfloat16", POINTER, COUNT, POINTER)
TO_FLOAT16 = Kernel("amalgam_to_float16", POINTER, COUNT, POINTER)

CASTS = {torch.bfloat16: TO_BFLOAT16, torch.float16: TO_FLOAT16}
