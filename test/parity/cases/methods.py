"""The twenty methods of mergekit's registry with values for all their parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from parity.cases.case import Comparison

# For each parameter: its value without layers in mind, and the one that varies by layer and by tensor.
Values = tuple[object, object]

BY_NAME: dict[str, object] = {"filter": "self_attn", "value": [0.2, 0.9]}
WEIGHTS: Sequence[Values] = (
    (0.5, [BY_NAME, {"filter": "mlp", "value": 0.7}, {"value": 0.5}]),
    (0.3, [0.1, 0.8]),
    (0.4, [{"filter": "layers.2.", "value": 1.1}, {"filter": "*", "value": [0.6, 0.2, 0.4]}]),
)
DENSITIES: Sequence[Values] = (
    (0.5, [0.3, 0.9]),
    (0.29, [{"filter": "mlp", "value": 0.31}, {"value": [0.8, 0.2]}]),
    (0.7, 0.53),
)
GAMMAS: Sequence[Values] = ((0.05, [0.01, 0.1]), (0.2, 0.2), (0.01, [{"filter": "norm", "value": 0.04}]))
EPSILONS: Sequence[Values] = ((0.15, [0.05, 0.15]), (0.1, 0.1), (0.2, [{"filter": "mlp", "value": 0.12}]))
SAFE_DENSITIES: Sequence[Values] = ((0.5, [0.3, 0.7]), (0.35, 0.4), (0.7, 0.6))
POSITION: Values = (0.4, [BY_NAME, {"filter": "mlp", "value": [1, 0.5, 0]}, {"value": 0.35}])
NEAR: Values = (0.004, [{"filter": "mlp", "value": [0.001, 0.01]}, {"value": 0.004}])
LAMBDA: Values = (0.8, [0.5, 1.2])


@dataclass(frozen=True)
class MethodCases:
    """How a method is called. `base` is `listed` where it is one of the models to mix, as for slerp."""

    name: str
    base: Literal["none", "beside", "listed"] = "beside"
    inputs: int = 3
    shared: Mapping[str, Values] = field(default_factory=dict)
    per_input: Mapping[str, Sequence[Values]] = field(default_factory=dict)
    comparison: Comparison = "close"
    differences: Sequence[str] = ()


def _family(name: str, comparison: Comparison, **per_input: Sequence[Values]) -> MethodCases:
    return MethodCases(
        name, shared={"lambda": LAMBDA}, per_input={"weight": WEIGHTS, **per_input}, comparison=comparison
    )


METHODS: Sequence[MethodCases] = (
    MethodCases("linear", base="none", per_input={"weight": WEIGHTS}),
    MethodCases("slerp", base="listed", inputs=1, shared={"t": POSITION}, comparison="spherical"),
    MethodCases("nuslerp", base="none", inputs=2, per_input={"weight": WEIGHTS}, comparison="spherical"),
    MethodCases("multislerp", base="none", per_input={"weight": WEIGHTS}, comparison="spherical"),
    MethodCases(
        "karcher",
        base="none",
        shared={"max_iter": (10, 20), "tol": (1e-5, [1e-5, 1e-4])},
        comparison="spherical",
    ),
    _family("task_arithmetic", "close"),
    _family("ties", "top-k", density=DENSITIES),
    _family("dare_linear", "random", density=DENSITIES),
    _family("dare_ties", "random", density=DENSITIES),
    _family("breadcrumbs", "top-k", density=DENSITIES, gamma=GAMMAS),
    _family("breadcrumbs_ties", "top-k", density=DENSITIES, gamma=GAMMAS),
    _family("della", "random", density=SAFE_DENSITIES, epsilon=EPSILONS),
    _family("della_linear", "random", density=SAFE_DENSITIES, epsilon=EPSILONS),
    MethodCases("sce", shared={"select_topk": (0.4, [0.2, 0.9])}, comparison="variance"),
    MethodCases("model_stock", shared={"filter_wise": (False, [{"filter": "mlp", "value": True}])}),
    MethodCases("nearswap", inputs=1, shared={"t": NEAR}),
    MethodCases("arcee_fusion", inputs=1, comparison="importance"),
    MethodCases("ram", shared={"epsilon": (1e-5, [1e-3, 4e-3])}),
    MethodCases(
        "ramplus_tl",
        shared={"r": (0.1, [0.1, 0.3]), "alpha": (0.2, [0.5, 0.2]), "epsilon": (1e-5, [1e-3, 4e-3])},
    ),
    MethodCases("passthrough", base="none", inputs=1, per_input={"scale": WEIGHTS}),
)
