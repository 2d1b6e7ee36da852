"""How far two merges agree: `python agreement.py ONE OTHER BASE` prints root mean squares as JSON.

`difference` is that of ONE and OTHER, `one` and `other` are how far each is from BASE.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors import safe_open


def read_from(folder: str) -> dict[str, Callable[[], torch.Tensor]]:
    """What reads each tensor of a checkpoint, by name; so that no more than one tensor is in memory."""
    found: dict[str, Callable[[], torch.Tensor]] = {}
    for path in sorted(Path(folder).glob("*.safetensors")):
        file = safe_open(path, framework="pt")
        names = file.keys()  # type: ignore[no-untyped-call]
        found.update({name: partial(file.get_tensor, name) for name in names})
    return found


def squares(left: torch.Tensor, right: torch.Tensor) -> float:
    """Sum of the squared differences."""
    return float((left.float() - right.float()).square_().sum(dtype=torch.float64))


def compare(one: str, other: str, base: str) -> dict[str, float | str]:
    """Root mean squares over all elements, or under `problem` why there are none."""
    ours, theirs, start = read_from(one), read_from(other), read_from(base)
    if ours.keys() != theirs.keys():
        return {"problem": f"only one has {sorted(ours.keys() ^ theirs.keys())[:3]}"}
    sums, elements = {"difference": 0.0, "one": 0.0, "other": 0.0}, 0
    for name in ours:
        left, right, origin = ours[name](), theirs[name](), start[name]()
        if left.shape != right.shape or left.dtype != right.dtype:
            return {"problem": f"{name} is {left.dtype} {[*left.shape]} and {right.dtype} {[*right.shape]}"}
        sums["difference"] += squares(left, right)
        sums["one"] += squares(left, origin)
        sums["other"] += squares(right, origin)
        elements += left.numel()
    return {name: (total / elements) ** 0.5 for name, total in sums.items()}


if __name__ == "__main__":
    print(json.dumps(compare(*sys.argv[1:4])))
