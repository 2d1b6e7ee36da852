"""Methods on whole tensors in memory give the bits of the streaming engine."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from amalgam_worker.adapters.whole_tensors import held, merge_whole
from amalgam_worker.methods import METHODS
from amalgam_worker.methods.method import Parameters, TensorFacts
from helpers.run import Values, plan_method, run_plan

FAMILY = {"normalize": True, "rescale": "l1", "lambda": 0.8, "int8_mask": False}
THIN = [{"weight": 0.7, "density": 0.3}, {"weight": 0.5, "density": 0.6}]
CASES: list[tuple[str, Values, list[Values]]] = [
    ("linear", {"normalize": True}, [{"weight": 0.7}, {"weight": 0.5}]),
    ("slerp", {"t": 0.3, "norm": "interp"}, [{}]),
    ("nuslerp", {"nuslerp_flatten": False, "nuslerp_row_wise": True}, [{"weight": 0.7}, {"weight": 0.5}]),
    ("nuslerp", {"nuslerp_flatten": False, "nuslerp_row_wise": False}, [{"weight": 0.7}, {"weight": 0.5}]),
    ("ties", {**FAMILY, "dialect": "paper", "trim_scope": "tensor"}, THIN),
    ("dare_ties", FAMILY, THIN),
    ("della", FAMILY, [{**values, "epsilon": 0.1} for values in THIN]),
    ("sce", {"int8_mask": False, "select_topk": 0.4}, [{}, {}]),
    ("model_stock", {"filter_wise": True}, [{}, {}]),
]


@pytest.mark.parametrize(("method", "shared", "per_input"), CASES)
@pytest.mark.parametrize("shape", [(7, 11), (513, 1025)])
def test_the_bits_of_the_engine(
    tmp_path: Path, method: str, shared: Values, per_input: list[Values], shape: tuple[int, int]
) -> None:
    generator = torch.Generator().manual_seed(1)
    base, *inputs = (torch.randn(*shape, generator=generator) for _ in range(len(per_input) + 1))
    own = None if method == "linear" else base
    plan = plan_method(
        tmp_path,
        method,
        None if own is None else {"w": own},
        [{"w": one} for one in inputs],
        shared,
        per_input,
        seed=3,
    )
    facts = TensorFacts("w", shape, tuple(range(len(inputs))), 3)
    parameters = Parameters(dict(shared), [dict(values) for values in per_input])
    sources = [held(one) for one in inputs]
    got = merge_whole(
        METHODS[method], parameters, facts, None if own is None else held(own), sources, torch.float32
    )
    assert torch.equal(got, run_plan(plan)["w"])
