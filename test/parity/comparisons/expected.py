"""Outputs that mergekit does not give: computed in float64 from the checkpoints."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from parity.comparisons.close import compare_close
from parity.comparisons.files import Array, exact, read_model
from parity.comparisons.settings import Place, parameter, place_of
from parity.comparisons.verdict import Difference, input_tensor


def average(root: Path, place: Place) -> Array:
    """The weighted mean of all models at a place."""
    weights = [parameter(place, "weight", 1.0, source) for source in place.inputs]
    values = [exact(input_tensor(root, source.model, source.tensor)) for source in place.inputs]
    return np.asarray(np.average(np.stack(values), axis=0, weights=weights))


def compare_stack(root: Path, case: dict[str, Any]) -> tuple[int, list[Difference]]:
    """A stack that mergekit cannot save: each tensor is its source, and lists by layer have its length."""
    output = read_model(root / "amalgam" / case["name"])
    differences = list(_lists(output.config))
    for name, tensor in output.tensors.items():
        place = place_of(case["recipe"], name, 0)
        source = exact(input_tensor(root, place.inputs[0].model, place.inputs[0].tensor))
        fault = compare_close(exact(tensor), source, 0.0)
        if fault:
            differences.append(Difference(name, f"not its source: {fault}"))
    return len(output.tensors), differences


def _lists(config: dict[str, Any]) -> Iterator[Difference]:
    layers = config["num_hidden_layers"]
    listed = len(config.get("layer_types") or [])
    if listed != layers:
        yield Difference("config.json layer_types", f"{listed} entries for {layers} layers")
