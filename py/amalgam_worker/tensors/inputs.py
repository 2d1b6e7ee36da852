"""The tensors of a step as its method takes them."""

from __future__ import annotations

import torch

from amalgam_worker.protocol import Step, StepInput
from amalgam_worker.tensors.lora import UpdatedValues, load_lora
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.stored import StoredValues, stored_tensor
from amalgam_worker.tensors.values import Values
from amalgam_worker.tensors.zero_padding import zero_padded


def open_inputs(
    step: Step, files: InputFiles, device: torch.device, dtype: torch.dtype
) -> tuple[Values | None, list[Values]]:
    """The base and the inputs of a step, each with the step's shape; LoRA factors are read now.

    Raises:
        WorkerError: read-failed.
    """

    def fitted(source: StepInput) -> Values:
        return zero_padded(_own(source, files, device, dtype), source.shape, step.shape, dtype)

    base = None if step.base is None else fitted(step.base)
    return base, [fitted(source) for source in step.inputs]


def _own(source: StepInput, files: InputFiles, device: torch.device, dtype: torch.dtype) -> Values:
    """A model's own tensor, before its rows are mapped and zeros put around it."""
    values: Values = StoredValues(stored_tensor(source.parts), dtype)
    if source.lora is not None:
        values = UpdatedValues(values, load_lora(files, source.lora, device, dtype))
    return values
