"""What a merge of factors reads."""

from __future__ import annotations

from amalgam_worker.protocol import AdapterInput, AdapterStep, LoraUpdate


def sources_of(step: AdapterStep) -> list[AdapterInput]:
    """Everyone that takes part, the base first where the method has one."""
    return [*step.inputs] if step.base is None else [step.base, *step.inputs]


def updates_of(step: AdapterStep) -> list[LoraUpdate]:
    """The updates that are there."""
    return [source.lora for source in sources_of(step) if source.lora is not None]


def is_transposed(step: AdapterStep) -> bool:
    """Whether the weight is stored as [in, out]; all updates agree."""
    return any(update.transposed for update in updates_of(step))
