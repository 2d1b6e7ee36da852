"""The tensors of a step as its method takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import torch

from amalgam_worker.protocol import RowMap, Step, StepInput
from amalgam_worker.tensors.lora import updated
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.row_map import RowSegment, map_rows, row_segments
from amalgam_worker.tensors.stored import StoredValues, stored_tensor
from amalgam_worker.tensors.values import Values
from amalgam_worker.tensors.zero_padding import inner_shape, zero_padded


class InputOpener:
    """Opens the tensors of one step after the other."""

    def __init__(self, row_maps: Sequence[RowMap], files: InputFiles, device: torch.device) -> None:
        self._row_maps = row_maps
        self._files = files
        self._device = device
        self._segments: dict[tuple[int, int], list[RowSegment]] = {}

    def open(self, step: Step, dtype: torch.dtype) -> tuple[Values | None, list[Values]]:
        """The base and the inputs of a step, each with the step's shape; LoRA factors are read now.

        Raises:
            WorkerError: read-failed.
        """
        sources = step.inputs if step.base is None else [*step.inputs, step.base]
        own = [self._own(source, dtype) for source in sources]
        widths = [source.shape[1:] for source in sources]
        if any(source.rows is not None for source in sources):
            # Rows that models lend each other are as wide as the output's.
            widths = [inner_shape(step.shape, len(source.shape))[1:] for source in sources]
            own = [
                zero_padded(values, source.shape, [*source.shape[:1], *width], dtype)
                for source, values, width in zip(sources, own, widths, strict=True)
            ]
        # Of a model that takes part twice the rows for others come from where it is named first.
        by_model = {source.model: values for source, values in reversed(list(zip(sources, own, strict=True)))}
        fitted = [
            self._fitted(step, source, width, {**by_model, source.model: values}, dtype)
            for source, width, values in zip(sources, widths, own, strict=True)
        ]
        return (None, fitted) if step.base is None else (fitted[-1], fitted[:-1])

    def _own(self, source: StepInput, dtype: torch.dtype) -> Values:
        """A model's own tensor, before its rows are mapped and zeros put around it."""
        values: Values = StoredValues(stored_tensor(source.parts), dtype)
        if source.lora is not None:
            values = updated(values, source.lora, self._files, self._device, dtype)
        return values

    def _fitted(
        self,
        step: Step,
        source: StepInput,
        width: Sequence[int],
        tensors: Mapping[int, Values],
        dtype: torch.dtype,
    ) -> Values:
        shape = inner_shape(step.shape, len(source.shape))
        if source.rows is None:
            return zero_padded(tensors[source.model], [*source.shape[:1], *width], shape, dtype)
        row_map, segments = self._row_maps[source.rows], self._segments_of(source.rows, source.model)
        mapped = map_rows(row_map, segments, tensors, prod(width), dtype)
        return zero_padded(mapped, [row_map.rows, *width], shape, dtype)

    def _segments_of(self, rows: int, model: int) -> list[RowSegment]:
        found = self._segments.get((rows, model))
        if found is None:
            found = self._segments[rows, model] = row_segments(self._row_maps[rows], model)
        return found
