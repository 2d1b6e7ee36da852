"""What the comparison of one tensor found."""

from dataclasses import dataclass
from pathlib import Path

import torch

from parity.comparisons.files import Array, exact, read_model


@dataclass(frozen=True)
class Difference:
    """A tensor, file or field in which the two outputs differ, in words with numbers."""

    where: str
    what: str


def scale_of(reference: Array) -> float:
    """The largest magnitude of a tensor, or one for a tensor of zeros."""
    return float(abs(reference).max(initial=0.0)) or 1.0


def farthest(ours: Array, theirs: Array) -> str:
    """The largest difference, with both values there."""
    apart = abs(ours - theirs)
    worst = int(apart.argmax())
    count = int((apart > 0).sum())
    return (
        f"largest difference {apart.reshape(-1)[worst]:.3e} at {worst} "
        f"(amalgam {ours.reshape(-1)[worst]:.9g}, mergekit {theirs.reshape(-1)[worst]:.9g}), "
        f"{count} of {apart.size} differ"
    )


def input_tensor(root: Path, model: str, name: str) -> torch.Tensor:
    """A tensor of a model that a recipe names."""
    return read_model(root / model).tensors[name]


def float32_delta(root: Path, model: tuple[str, str], base: tuple[str, str]) -> Array:
    """A task vector as both programs see it: subtracted in float32."""
    changed = input_tensor(root, *model).float() - input_tensor(root, *base).float()
    return exact(changed)
