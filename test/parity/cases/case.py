"""One comparison: a recipe, how it is run and how its two outputs are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from parity.differences import check_names

Recipe = dict[str, object]
Comparison = Literal["close", "importance", "random", "spherical", "stock", "top-k", "variance"]

FLOAT32_TOLERANCE = 1e-6
"""Largest difference of float32 outputs, relative to the largest magnitude of the tensor."""


@dataclass(frozen=True)
class Case:
    """Data of one case; `group` and `name` together are unique.

    `options` are fields of mergekit's `MergeOptions`, `flags` the same thing on amalgam's command line.
    `differences` names the deliberate differences (see `parity.differences`) that this case may show.
    """

    group: str
    name: str
    recipe: Recipe
    comparison: Comparison = "close"
    tolerance: float = FLOAT32_TOLERANCE
    options: Mapping[str, object] = field(default_factory=dict)
    flags: Sequence[str] = ()
    differences: Sequence[str] = ()

    def __post_init__(self) -> None:
        check_names(self.differences)


def model(name: str, parameters: Mapping[str, object] | None = None, **more: object) -> Recipe:
    """An entry of `models` or `sources`."""
    return {"model": name, **more, **({"parameters": dict(parameters)} if parameters else {})}
