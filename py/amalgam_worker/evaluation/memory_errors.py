"""Recognises that memory ran out, on any device."""

import torch


def is_out_of_memory(error: BaseException) -> bool:
    # The CPU allocator of torch raises a plain RuntimeError.
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "DefaultCPUAllocator" in str(error)
