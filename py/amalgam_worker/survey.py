"""What must be known of whole models before the first tensor can be merged."""

from __future__ import annotations

from collections.abc import KeysView
from dataclasses import dataclass
from math import prod

import torch

from amalgam_worker.kernels.top_k import Cut
from amalgam_worker.methods import METHODS
from amalgam_worker.methods.method import BLOCK, Parameters, Statistics
from amalgam_worker.methods.model_cuts import Stage
from amalgam_worker.methods.sparsify import largest, thinned
from amalgam_worker.protocol import Operation, Plan


@dataclass(slots=True)
class Ranking:
    """The entries of one model's task vector, in all tensors where it has one density, by magnitude.

    Among equal ones those of the plan's earlier steps come first. The tensors' blocks are counted through.
    """

    cut: Cut
    elements: int = 0
    blocks: int = 0
    tensors: int = 0
    awaited: int = 0
    counts: torch.Tensor | None = None

    def add(self, counts: torch.Tensor, first_block: int, stage: Stage) -> None:
        """Takes in one tensor's counts, int64 [bins or blocks]; those of the last tensor narrow the cut."""
        if self.counts is None:
            self.awaited = self.tensors
            self.counts = torch.zeros(self.blocks if stage.by_block else len(counts), dtype=torch.int64)
        low = first_block if stage.by_block else 0
        self.counts[low : low + len(counts)] += counts
        self.awaited -= 1
        if self.awaited == 0:
            self.cut = stage.narrowed(self.cut, self.counts)
            self.counts = None


# Method, model, how often the step has named it so far, density.
_Key = tuple[str, int, int, float]


@dataclass(frozen=True, slots=True)
class _Member:
    """One input of a step."""

    ranking: Ranking
    first_block: int

    @property
    def cut(self) -> list[int]:
        """The ranking's, with blocks counted from the tensor's first."""
        cut = self.ranking.cut
        return [cut.threshold, cut.block - self.first_block, cut.kept]


class Survey:
    """The rankings that a plan's steps take part in, and what is known of them by now.

    A model that is an input of a step twice is ranked apart each time.
    """

    def __init__(self, plan: Plan) -> None:
        self._members: dict[int, list[_Member]] = {}
        rankings: dict[_Key, Ranking] = {}
        ranked = [_ranked(operation) for operation in plan.operations]
        for number, step in enumerate(plan.steps):
            elements = prod(step.shape)
            if step.operation is None or elements == 0:
                continue
            members = []
            for place, density in ranked[step.operation]:
                models = [source.model for source in step.inputs[: place + 1]]
                key = (plan.operations[step.operation].method, models[-1], models.count(models[-1]), density)
                ranking = rankings.setdefault(key, Ranking(Cut(0, 0, 0)))
                members.append(_Member(ranking, ranking.blocks))
                ranking.tensors += 1
                ranking.blocks += -(-elements // BLOCK)
                ranking.elements += elements
            if members:
                self._members[number] = members
        for (*_, density), ranking in rankings.items():
            ranking.cut = Cut(0, 0, largest(density, ranking.elements))

    @property
    def steps(self) -> KeysView[int]:
        """Numbers of the steps that must be measured."""
        return self._members.keys()

    def known(self, step: int) -> Statistics:
        """Statistics of a step, if it is measured: `cuts`, int64 [thinned, 1, 3], as Cut."""
        members = self._members.get(step)
        return {} if members is None else {"cuts": torch.tensor([[member.cut] for member in members])}

    def add(self, step: int, counts: torch.Tensor, stage: Stage) -> None:
        """Takes in what a stage has counted of a step, int64 [thinned, bins or blocks]; not thread-safe."""
        for member, part in zip(self._members[step], counts, strict=True):
            member.ranking.add(part, member.first_block, stage)


def _ranked(operation: Operation) -> list[tuple[int, float]]:
    """Places and densities of the inputs that are ranked over all tensors."""
    parameters = Parameters(operation.shared, operation.per_input)
    if not METHODS[operation.method].ranks_models(parameters):
        return []
    return [(place, parameters.each("density")[place]) for place in thinned(parameters)]
