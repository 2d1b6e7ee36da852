"""Tensors brought to a larger shape: they lie at the start of each dimension, and zeros follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

import torch

from amalgam_worker.tensors.values import Values
from amalgam_worker.tensors.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ZeroPadded:
    """A tensor of shape `shape` within one of shape `padded`, equally many dimensions. See `Values`.

    The order of its elements stays, so that a run of the padded tensor needs one run of the tensor itself.
    """

    inner: Values
    shape: tuple[int, ...]
    padded: tuple[int, ...]
    dtype: torch.dtype
    # Elements from one index to the next along each axis.
    steps: tuple[int, ...]
    padded_steps: tuple[int, ...]

    def take(self, workspace: Workspace, name: str, start: int, count: int) -> torch.Tensor:
        first, stop = self._before(start), self._before(start + count)
        if len(self.shape) == 1 and stop - first == count:
            return self.inner.take(workspace, name, first, count)
        target = workspace.scratch.take(f"{name} padded", count, self.dtype).zero_()
        if stop > first:
            values = self.inner.take(workspace, "source unpadded", first, stop - first)
            self._place(target, -start, values, first, 0)
        return target

    def _before(self, place: int) -> int:
        """Number of the tensor's elements that lie before a place of the padded tensor."""
        count = 0
        for size, step, padded_step in zip(self.shape, self.steps, self.padded_steps, strict=True):
            index, place = divmod(place, padded_step)
            if index >= size:
                return count + size * step
            count += index * step
        return count

    def _place(self, target: torch.Tensor, origin: int, values: torch.Tensor, first: int, axis: int) -> None:
        """Copies elements from `first` on of the slice that `axis` runs through, which begins at `origin`."""
        step, padded_step = self.steps[axis], self.padded_steps[axis]
        if head := min(-first % step, len(values)):
            self._place(target, origin + first // step * padded_step, values[:head], first % step, axis + 1)
        whole = (len(values) - head) // step
        index, tail = -(-first // step), head + whole * step
        if whole:
            place = origin + index * padded_step
            shape = (whole, *self.shape[axis + 1 :])
            target.as_strided(shape, self.padded_steps[axis:], place).copy_(values[head:tail].view(shape))
        if tail < len(values):
            self._place(target, origin + (index + whole) * padded_step, values[tail:], 0, axis + 1)


def inner_shape(shape: Sequence[int], rank: int) -> list[int]:
    """A shape without the leading ones that a tensor of `rank` dimensions lacks: [1, n] holds an [n]."""
    lead = max(0, len(shape) - rank)
    return list(shape[lead:] if all(size == 1 for size in shape[:lead]) else shape)


def zero_padded(inner: Values, shape: Sequence[int], padded: Sequence[int], dtype: torch.dtype) -> Values:
    """`inner`, of shape `shape`, at the start of each dimension of a tensor of shape `padded`."""
    if list(shape) == list(padded):
        return inner
    sizes, padded_sizes = [shape[-1]], [padded[-1]]
    for size, padded_size in zip(reversed(shape[:-1]), reversed(padded[:-1]), strict=True):
        # Axes along which nothing is padded are one with the axis before them.
        if sizes[0] == padded_sizes[0]:
            sizes[0], padded_sizes[0] = size * sizes[0], padded_size * padded_sizes[0]
        else:
            sizes.insert(0, size)
            padded_sizes.insert(0, padded_size)
    return ZeroPadded(inner, tuple(sizes), tuple(padded_sizes), dtype, _steps(sizes), _steps(padded_sizes))


def _steps(shape: list[int]) -> tuple[int, ...]:
    return tuple(accumulate(reversed(shape[1:]), mul, initial=1))[::-1]
