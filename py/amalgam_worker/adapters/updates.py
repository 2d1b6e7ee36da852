"""The updates that several adapters make of one weight, and the method that merges them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from amalgam_worker.adapters.factors import Factors, read_factors
from amalgam_worker.adapters.sources import sources_of, updates_of
from amalgam_worker.adapters.whole_tensors import Source, held, merge_whole
from amalgam_worker.methods import METHODS
from amalgam_worker.methods.method import Method, Parameters, TensorFacts
from amalgam_worker.protocol import AdapterStep, Plan
from amalgam_worker.tensors.dtypes import compute_dtype
from amalgam_worker.tensors.reader import InputFiles


@dataclass(frozen=True, slots=True)
class Updates:
    """Everything that the merge of one weight's updates takes."""

    step: AdapterStep
    method: Method
    parameters: Parameters
    seed: int
    has_base: bool
    factors: list[Factors | None]  # the base's first where there is a base; None for no update
    dtype: torch.dtype  # what the method computes in

    @property
    def present(self) -> list[Factors]:
        """The updates that are there; at least one."""
        return [factors for factors in self.factors if factors is not None]

    def merge(
        self, name: str, shape: Sequence[int], sources: Sequence[Source], dtype: torch.dtype
    ) -> torch.Tensor:
        """The method's result on tensors of `shape`, one per entry of `factors`.

        Args:
            name: part of the key of random masks.
        """
        base, inputs = (sources[0], sources[1:]) if self.has_base else (None, sources)
        facts = TensorFacts(name, tuple(shape), tuple(one.model for one in self.step.inputs), self.seed)
        return merge_whole(self.method, self.parameters, facts, base, inputs, dtype)

    def merge_held(self, name: str, tensors: Sequence[torch.Tensor]) -> torch.Tensor:
        """The same of tensors in memory, all of one shape and type."""
        sources = [held(tensor) for tensor in tensors]
        return self.merge(name, tensors[0].shape, sources, tensors[0].dtype)


def read_updates(plan: Plan, step: AdapterStep, files: InputFiles) -> Updates:
    """Reads all factors of a step. Raises WorkerError: read-failed."""
    operation = plan.operations[step.operation]
    stored = [update.a.dtype for update in updates_of(step)]
    written = [] if step.factors is None else [step.factors.a.dtype]
    return Updates(
        step=step,
        method=METHODS[operation.method],
        parameters=Parameters(operation.shared, operation.per_input),
        seed=plan.seed,
        has_base=step.base is not None,
        factors=[
            None if source.lora is None else read_factors(files, source.lora) for source in sources_of(step)
        ],
        dtype=compute_dtype([*stored, *written]),
    )
