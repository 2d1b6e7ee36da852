"""Merged updates that are added to weights of the base."""

from __future__ import annotations

import torch

from amalgam_worker.adapters.merge_updates import merge_updates
from amalgam_worker.adapters.sources import is_transposed
from amalgam_worker.protocol import Plan
from amalgam_worker.tensors.lora import LoraFactors, UpdatedValues
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.values import Values


class AddedUpdates:
    """The merged updates that steps of a plan take in, each made when it is asked for."""

    def __init__(self, plan: Plan, files: InputFiles, device: torch.device) -> None:
        self._plan, self._files, self._device = plan, files, device
        self._steps = {step.step: step for step in plan.adapter_steps if step.step is not None}

    def to(self, number: int, values: list[Values], dtype: torch.dtype) -> list[Values]:
        """The inputs of step `number`, the first with what is added to it.

        Raises:
            WorkerError: read-failed.
        """
        step = self._steps.get(number)
        if step is None:
            return values
        merged = merge_updates(self._plan, step, self._files)
        a, b = (factor.to(self._device, dtype) for factor in (merged.a, merged.b))
        left, right = (a.T, b.T) if is_transposed(step) else (b, a)
        return [UpdatedValues(values[0], LoraFactors(left.contiguous(), right.contiguous(), merged.scale))]
