"""Read a model folder as any loader sees it, and check that its files agree with each other."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open

Array = NDArray[np.float64]
INDEX = "model.safetensors.index.json"


@dataclass(frozen=True)
class Output:
    """A model folder: its tensors as stored, config.json, and what is wrong with the files themselves."""

    tensors: dict[str, torch.Tensor]
    config: dict[str, Any]
    faults: tuple[str, ...]


def exact(tensor: torch.Tensor) -> Array:
    """The values of a tensor in float64."""
    return np.asarray(tensor.to(torch.float64).numpy())


def _index_faults(folder: Path, places: dict[str, str], tensors: dict[str, torch.Tensor]) -> list[str]:
    path = folder / INDEX
    if not path.exists():
        return [] if len(set(places.values())) == 1 else ["several weight files and no index"]
    index = json.loads(path.read_text(encoding="utf-8"))
    stored = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    faults = (
        []
        if index["weight_map"] == places
        else ["the index names other files than those that hold the tensors"]
    )
    if index["metadata"]["total_size"] != stored:
        faults.append(f"total_size is {index['metadata']['total_size']}, the tensors have {stored} bytes")
    return faults


@cache
def read_model(folder: Path) -> Output:
    """Read a folder of safetensors files whole; the models of this suite are tiny."""
    tensors: dict[str, torch.Tensor] = {}
    places: dict[str, str] = {}
    faults: list[str] = []
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as stored:
            for name in stored.keys():  # noqa: SIM118  the handle is not a mapping
                if name in places:
                    faults.append(f"{name} is in {places[name]} and in {path.name}")
                tensors[name] = stored.get_tensor(name)
                places[name] = path.name
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return Output(tensors, config, (*faults, *_index_faults(folder, places, tensors)))
