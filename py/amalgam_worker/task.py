"""A step of the plan while it is being executed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import torch

from amalgam_worker.adapters.added_updates import AddedUpdates
from amalgam_worker.methods import METHODS
from amalgam_worker.methods.method import (
    BLOCK,
    ROWS_CHUNK,
    Method,
    Parameters,
    Partial,
    Reduction,
    Statistics,
    TensorFacts,
)
from amalgam_worker.protocol import Plan, Step
from amalgam_worker.tensors.dtypes import compute_dtype
from amalgam_worker.tensors.inputs import InputOpener
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.stored import StoredTensor, StoredValues
from amalgam_worker.tensors.values import Values
from amalgam_worker.unmoved import keeps_base, look_alike, sources_alike


@dataclass(frozen=True, slots=True)
class Computation:
    """What is done with every element of a step that is not a plain copy."""

    method: Method
    parameters: Parameters
    facts: TensorFacts
    dtype: torch.dtype
    has_base: bool
    # The base, if there is one, then the inputs, each with the number of an earlier one that is the same.
    sources: list[tuple[Values, int | None]]
    # The base and the inputs where they seem to be the same, and merging them then makes a copy; else none.
    alike: list[StoredTensor] = field(default_factory=list)


@dataclass(slots=True)
class Task:
    """A step's progress through its passes: maybe a comparison, each reduction, then maybe one that writes.

    Sizes and places are elements, or bytes where `computation` is None and the step is a copy.
    """

    number: int
    step: Step
    computation: Computation | None
    size: int
    piece: int
    reductions: tuple[Reduction, ...] = ()
    writes: bool = True
    # -1 while the sources are compared; if they do not differ, what is left to do is a copy.
    phase: int = 0
    differs: bool = False
    unmoved: bool = False
    # What is left of the present pass begins at `next`.
    next: int = 0
    stop: int = field(init=False)
    outstanding: int = 0
    statistics: Statistics = field(default_factory=dict)
    partials: dict[int, Partial] = field(default_factory=dict)
    folded: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.stop = self.size

    @property
    def phases(self) -> int:
        """Number of passes."""
        return len(self.reductions) + self.writes

    @property
    def reduction(self) -> Reduction | None:
        """What the present pass measures; None in that which compares or writes."""
        return self.reductions[self.phase] if 0 <= self.phase < len(self.reductions) else None

    @property
    def comparing(self) -> bool:
        """Whether the present pass compares the sources."""
        return self.phase < 0

    @property
    def of_bytes(self) -> bool:
        """Whether the present pass takes bytes as they are stored, to compare or to copy them."""
        return self.computation is None or self.comparing or self.unmoved

    @property
    def writing(self) -> bool:
        """Whether the present pass writes."""
        return self.phase == len(self.reductions)

    def keep(self, start: int, partials: list[Partial]) -> None:
        """Stores what was measured of the blocks from element `start` on."""
        reduction = self.reduction
        if reduction is None or not partials:
            return
        with self.lock:
            if reduction.partials != "summed":
                self.partials.update(zip(range(start, self.size, BLOCK), partials, strict=False))
                self._fold(reduction)
            elif not self.partials:
                self.partials[0] = [part.clone() for part in partials[0]]
            else:
                for total, part in zip(self.partials[0], partials[0], strict=True):
                    total.add_(part)

    def _fold(self, reduction: Reduction) -> None:
        """Folds the partials that follow the last one folded."""
        if reduction.fold is None or self.computation is None:
            return
        while (partial := self.partials.pop(self.folded, None)) is not None:
            reduction.fold(self.statistics, partial, self.folded, self.computation.facts)
            self.folded += BLOCK

    def finish_phase(self) -> bool:
        """Gathers the partials of a pass whose pieces are all done, and goes on to the next one needed.

        No piece of that is to be had until it is opened.

        Returns:
            whether that was the last pass.
        """
        reduction = self.reduction
        if self.comparing and not self.differs:
            self.unmoved, self.phase = True, len(self.reductions)
            return False
        if reduction is not None and self.computation is not None:
            ordered = [self.partials[block] for block in sorted(self.partials)]
            found = reduction.gather(
                ordered, self.computation.facts, self.statistics, self.computation.parameters
            )
            self.statistics.update(found)
            self.partials.clear()
        self.phase += 1
        while (following := self.reduction) is not None and not following.needed(self.statistics):
            self.phase += 1
        self.folded = 0
        return self.phase >= self.phases

    def open_phase(self) -> None:
        """Lets pieces of the present pass be handed out; called while nobody takes any."""
        reduction = self.reduction
        whole = 0, self.size
        self.next, self.stop = whole if reduction is None else reduction.extent(self.statistics, self.size)


def open_tasks(
    plan: Plan,
    files: InputFiles,
    device: torch.device,
    chunk_elements: int,
    copy_bytes: int,
    numbers: Iterable[int],
    known: Callable[[int], Statistics],
    only: Reduction | None = None,
) -> Iterator[Task]:
    """Tasks in the order in which their first inputs lie on disk; LoRA factors are read when reached.

    Args:
        numbers: of the plan's steps, those that are to be done.
        known: statistics of a step that were found earlier; asked when the task is reached.
        only: what is measured instead of merging.
    """
    parameters = [Parameters(operation.shared, operation.per_input) for operation in plan.operations]
    reductions = [
        METHODS[operation.method].reductions(values) if only is None else (only,)
        for operation, values in zip(plan.operations, parameters, strict=True)
    ]
    keeps = [
        keeps_base(operation.method, values)
        for operation, values in zip(plan.operations, parameters, strict=True)
    ]

    opener, updates = InputOpener(plan.row_maps, files, device), AddedUpdates(plan, files, device)
    for number in sorted(numbers, key=lambda number: _place(plan.steps[number])):
        step = plan.steps[number]
        if step.operation is None:
            yield Task(number, step, None, step.output.bytes, copy_bytes)
            continue
        sources = step.inputs if step.base is None else [*step.inputs, step.base]
        dtype = compute_dtype([step.output.dtype, *(source.parts[0].dtype for source in sources)])
        models = tuple(source.model for source in step.inputs)
        facts = TensorFacts(step.tensor, tuple(step.shape), models, plan.seed)
        method, values = METHODS[plan.operations[step.operation].method], parameters[step.operation]
        base, inputs = opener.open(step, dtype)
        whole = method.whole(facts, values)
        inputs = updates.to(number, inputs, dtype)
        alike = sources_alike(step, base, inputs) if only is None and keeps[step.operation] else []
        taken = with_twins(inputs if base is None else [base, *inputs])
        if not look_alike(files, alike, step.output.bytes):
            alike = []
        yield Task(
            number=number,
            step=step,
            computation=Computation(method, values, facts, dtype, base is not None, taken, alike),
            size=facts.elements,
            piece=chunk_elements if whole is None else max(1, ROWS_CHUNK // max(1, whole)) * whole,
            reductions=reductions[step.operation],
            writes=only is None,
            statistics=known(number),
            phase=-1 if alike else 0,
        )


def with_twins(sources: list[Values]) -> list[tuple[Values, int | None]]:
    """Sources of a step, each with the number of the first before it that is the same tensor of one file."""
    stored = [source if isinstance(source, StoredValues) else None for source in sources]
    twins = [None if one is None else stored.index(one) for one in stored]
    return [
        (source, None if twin == number else twin)
        for number, (source, twin) in enumerate(zip(sources, twins, strict=True))
    ]


def _place(step: Step) -> tuple[int, int]:
    return step.inputs[0].parts[0].file, step.inputs[0].parts[0].offset
