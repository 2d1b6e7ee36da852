"""What a merge method is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import prod
from typing import Literal

import torch

from amalgam_worker.native.differences import SUBTRACT, subtract
from amalgam_worker.native.kernel import STORED_TYPES
from amalgam_worker.tensors.buffers import Scratch

# Sums are formed per block of so many elements, whatever the chunk size: that fixes their bits.
BLOCK = 65_536
# Rows that must stay whole are put together to chunks of about so many elements.
ROWS_CHUNK = 4 * BLOCK
# A sample is a tensor's 32nd part, taken from the beginnings of windows that its shape alone decides, but at
# least so many elements; all of a tensor that is one piece, and no larger than a window.
SAMPLE_WINDOW = 4 * BLOCK
SAMPLE_SHARE = 32
SAMPLE_ELEMENTS = BLOCK

Partial = list[torch.Tensor]
# Results of gathering, by name; on the CPU.
Statistics = dict[str, torch.Tensor]


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """What a method may know of the tensor that it works on."""

    name: str
    shape: tuple[int, ...]
    models: tuple[int, ...]  # one per input: the model's number in the plan, part of the key of random masks
    seed: int

    @property
    def elements(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def row_length(self) -> int:
        """Length of the last dimension; a vector is one row."""
        return self.shape[-1] if self.shape else 1


@dataclass(slots=True)
class Chunk:
    """Consecutive elements of one tensor, of every model; [n] each.

    They are cast when a method asks for `base` or `inputs`, which then belong to it: it may overwrite them.
    What is stored holds what it did only until then.
    """

    tensor: TensorFacts
    start: int  # place of the first element in the flattened tensor, multiple of BLOCK or `Method.whole`
    stored_base: torch.Tensor | None
    stored_inputs: list[torch.Tensor]
    scratch: Scratch
    # float32, or float64 among float64 files; None where what is stored is of that type.
    computed: torch.dtype | None = None
    _base: torch.Tensor | None = field(default=None, init=False)
    _inputs: list[torch.Tensor] | None = field(default=None, init=False)

    @property
    def dtype(self) -> torch.dtype:
        """In which a method computes."""
        return self.computed or self.stored_inputs[0].dtype

    @property
    def elements(self) -> int:
        """Number of elements."""
        return self.stored_inputs[0].numel()

    @property
    def base(self) -> torch.Tensor | None:
        """The base's elements in `dtype`, if there is a base."""
        if self._base is None:
            self._cast()
        return self._base

    @property
    def inputs(self) -> list[torch.Tensor]:
        """The inputs' elements in `dtype`."""
        return self._cast() if self._inputs is None else self._inputs

    @property
    def is_plain(self) -> bool:
        """Whether compiled kernels can compute with what is stored as it is."""
        return self.dtype == torch.float32 and all(
            values.is_cpu and values.dtype in STORED_TYPES for values in self._stored
        )

    def take(self, name: str, dtype: torch.dtype | None = None) -> torch.Tensor:
        """A reusable array of shape [n] with undefined contents."""
        return self.scratch.take(name, self.elements, dtype or self.dtype)

    def deltas(self) -> list[torch.Tensor]:
        """Turns the inputs into task vectors, input minus base, in place."""
        call = SUBTRACT.call if self._inputs is None and self.is_plain else None
        if call is not None and self.stored_base is not None:
            self._inputs = [self.take(f"source {number}") for number in range(1, len(self._stored))]
            subtract(call, self.stored_inputs, self.stored_base, self._inputs)
        elif self.base is not None:
            for values in self.inputs:
                values.sub_(self.base)
        return self.inputs

    def blocks(self) -> list[Chunk]:
        """The chunk cut into aligned blocks of BLOCK elements, the last maybe shorter."""
        if self.elements <= BLOCK:
            return [self]
        return [self._part(low, min(low + BLOCK, self.elements)) for low in range(0, self.elements, BLOCK)]

    @property
    def _stored(self) -> list[torch.Tensor]:
        return self.stored_inputs if self.stored_base is None else [self.stored_base, *self.stored_inputs]

    def _cast(self) -> list[torch.Tensor]:
        """Casts what is not cast yet, each into memory of its own, before any of it is overwritten."""
        stored = self._stored
        if self._base is None and self.stored_base is not None:
            self._base = self._room(0, self.stored_base)
        if self._inputs is None:
            first = len(stored) - len(self.stored_inputs)
            self._inputs = [self._room(number, stored[number]) for number in range(first, len(stored))]
        return self._inputs

    def _room(self, number: int, stored: torch.Tensor) -> torch.Tensor:
        is_twin = any(other.data_ptr() == stored.data_ptr() for other in self._stored[:number])
        if stored.dtype == self.dtype and not is_twin:
            return stored
        return self.take(f"source {number}").copy_(stored)

    def _part(self, low: int, high: int) -> Chunk:
        base = None if self.stored_base is None else self.stored_base[low:high]
        inputs = [values[low:high] for values in self.stored_inputs]
        return Chunk(self.tensor, self.start + low, base, inputs, self.scratch, self.computed)


def sample_slice(chunk: Chunk) -> slice:
    """Which elements of the beginning of a window are looked at: others in each, should values recur."""
    step = max(1, chunk.tensor.elements // (SAMPLE_SHARE * SAMPLE_ELEMENTS))
    return slice(chunk.start // SAMPLE_WINDOW % step, None, step)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Values of a method's parameters."""

    shared: dict[str, bool | float | str]
    per_input: list[dict[str, bool | float | str]]

    def flag(self, name: str) -> bool:
        """A shared truth value."""
        return bool(self.shared[name])

    def number(self, name: str) -> float:
        """A shared number."""
        return float(self.shared[name])

    def choice(self, name: str) -> str:
        """A shared word."""
        return str(self.shared[name])

    def each(self, name: str) -> list[float]:
        """A number per input."""
        return [float(values[name]) for values in self.per_input]


@dataclass(frozen=True, slots=True)
class Reduction:
    """One pass over a tensor that gathers what `combine`, or the next reduction, must know of the whole."""

    measure: Callable[[Chunk, Statistics, Parameters], Partial]
    # Partials come in the order of the tensor, or as the one sum of all.
    gather: Callable[[list[Partial], TensorFacts, Statistics, Parameters], Statistics]
    # What is measured at a time. Only what no chunking changes may be measured per chunk, only integers may
    # be summed.
    partials: Literal["per block", "per chunk", "summed"] = "per block"
    # Takes in each partial, with its place, in the order of the tensor, and changes the statistics in place:
    # for partials that are too large to be kept for `gather`, which then gets none.
    fold: Callable[[Statistics, Partial, int, TensorFacts], None] | None = None
    # Measures a sample of the tensor, window by window: all of it where it is small and one piece.
    sampled: bool = False
    # The one block that is measured, where the statistics so far make the others needless.
    only: Callable[[Statistics], int] | None = None
    # The pass is left out where the statistics so far make it needless.
    needed: Callable[[Statistics], bool] = lambda statistics: True

    def extent(self, statistics: Statistics, elements: int) -> tuple[int, int]:
        """Where the pass begins and ends in a tensor of so many elements."""
        if self.only is None:
            return 0, elements
        start = self.only(statistics) * BLOCK
        return start, min(start + BLOCK, elements)


@dataclass(frozen=True, slots=True)
class Method:
    """A merge method: reductions over the whole tensor, then an elementwise function of a chunk.

    `combine` returns the merged elements, of shape [n], in the chunk's dtype.
    """

    shared: tuple[str, ...]
    per_input: tuple[str, ...]
    combine: Callable[[Chunk, Statistics, Parameters], torch.Tensor]
    reductions: Callable[[Parameters], tuple[Reduction, ...]] = lambda parameters: ()
    # Whether task vectors of density between 0 and 1 are ranked over all tensors that the method merges: the
    # statistic `cuts` of every tensor is then known before its first reduction.
    ranks_models: Callable[[Parameters], bool] = lambda parameters: False
    # So many elements (a row that is ranked as a whole) must lie in one chunk. Chunks are then cut by the
    # tensor's shape alone, so that what is measured per chunk has the same bits for any setting.
    whole: Callable[[TensorFacts, Parameters], int | None] = lambda facts, parameters: None
