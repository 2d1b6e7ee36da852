"""Sends what has been written to the disk early, and hands its memory back."""

from __future__ import annotations

import os


def flush_and_forget(descriptor: int) -> None:
    """Has the kernel begin to write the file's dirty pages, and drop those that are written; waits for none.

    Little is then left when all of it must be durable. Pages that are taken again at once cost less than new
    ones, for which others, the inputs' too, would have to go; a virtual machine may have to fetch them from
    its host. Does nothing where the kernel cannot be asked.
    """
    if not hasattr(os, "posix_fadvise"):
        return
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError:
        # Advice only: what is wrong with the file shows when it is written.
        return
