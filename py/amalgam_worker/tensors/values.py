"""A model's tensor as methods see it, whatever must be done to what the files hold."""

from __future__ import annotations

from typing import Protocol

import torch

from amalgam_worker.tensors.workspace import Workspace


class Values(Protocol):
    """Elements in the compute dtype on the device, the same bits however they are cut; safe among threads."""

    def take(self, workspace: Workspace, name: str, start: int, count: int) -> torch.Tensor:
        """Elements [start, start + count) of the flattened tensor, of shape [count].

        They lie in the workspace under `name`, are valid until it is used again, and may be overwritten.

        Raises:
            WorkerError: read-failed.
        """
