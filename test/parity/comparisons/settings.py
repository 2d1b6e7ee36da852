"""What a recipe asks for at one output tensor: the inputs, and the value of every parameter."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LAYER = re.compile(r"^(.*?\.)(\d+)(\..*)$")
AFTER_LAYERS = ("lm_head.", "model.norm.")


@dataclass(frozen=True)
class Input:
    """One model's tensor that takes part, with the parameters written beside that model."""

    model: str
    tensor: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Place:
    """Where an output tensor comes from: its inputs, position in the slice and enclosing parameters."""

    tensor: str
    inputs: Sequence[Input]
    position: float
    levels: Sequence[Mapping[str, Any]]


def _slice_length(entry: Mapping[str, Any]) -> int:
    start, end = entry["sources"][0]["layer_range"]
    return int(end - start)


def _find_slice(slices: Sequence[Mapping[str, Any]], layer: int) -> tuple[Mapping[str, Any], int]:
    for entry in slices:
        if layer < _slice_length(entry):
            return entry, layer
        layer -= _slice_length(entry)
    raise ValueError(f"the recipe makes no layer {layer}")


def place_of(recipe: Mapping[str, Any], tensor: str, layers: int) -> Place:
    """Find the inputs of an output tensor of a one-stack decoder; `layers` is the depth of whole models."""
    match = LAYER.match(tensor)
    shared = recipe.get("parameters") or {}
    if "models" in recipe:
        inputs = [Input(entry["model"], tensor, entry.get("parameters") or {}) for entry in recipe["models"]]
        position = int(match[2]) / (layers - 1) if match else 0.0
        return Place(tensor, inputs, position, [shared])
    slices = recipe["slices"]
    if match is None:
        entry = slices[-1] if tensor.startswith(AFTER_LAYERS) else slices[0]
        names = [tensor] * len(entry["sources"])
        position = 0.0
    else:
        entry, offset = _find_slice(slices, int(match[2]))
        starts = [source["layer_range"][0] for source in entry["sources"]]
        names = [f"{match[1]}{start + offset}{match[3]}" for start in starts]
        length = _slice_length(entry)
        position = offset / (length - 1) if length > 1 else 1.0
    inputs = [
        Input(source["model"], name, source.get("parameters") or {})
        for source, name in zip(entry["sources"], names, strict=True)
    ]
    return Place(tensor, inputs, position, [entry.get("parameters") or {}, shared])


def _interpolate(values: Sequence[float], position: float) -> float:
    scaled = position * (len(values) - 1)
    left = int(scaled)
    right = min(len(values) - 1, left + 1)
    return (1 - (scaled - left)) * values[left] + (scaled - left) * values[right]


def _value(setting: Any, tensor: str, position: float) -> Any:
    """The value of a setting as written; None if no filter matches."""
    if isinstance(setting, dict):
        setting = [setting]
    if not isinstance(setting, list):
        return setting
    if not isinstance(setting[0], dict):
        if isinstance(setting[0], bool):
            return setting[int(position * (len(setting) - 1))]
        return _interpolate(setting, position)
    for entry in setting:
        if entry.get("filter") in (None, "*") or entry["filter"] in tensor:
            return _value(entry["value"], tensor, position)
    return None


def parameter(place: Place, name: str, default: Any, source: Input | None = None) -> Any:
    """A parameter's value: beside the model first, then the slice, then the recipe, then the default."""
    levels = [(source.parameters, source.tensor)] if source else []
    tested = source.tensor if source else place.tensor
    levels += [(level, tested) for level in place.levels]
    for level, tensor in levels:
        value = _value(level[name], tensor, place.position) if name in level else None
        if value is not None:
            return value
    return default
