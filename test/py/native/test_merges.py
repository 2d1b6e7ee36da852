"""Whole merges have the same bytes with compiled kernels, without them, and where they come in between."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
import torch

from amalgam_worker.methods.method import BLOCK
from amalgam_worker.protocol import Plan
from helpers.compiled import compiled
from helpers.plans import tensor_bytes
from helpers.run import plan_method, run_plan

ELEMENTS = 5 * BLOCK + 333
FAMILY = {"normalize": True, "rescale": "l1", "lambda": 0.8, "int8_mask": False}
PLAIN = {**FAMILY, "normalize": False, "rescale": "none"}
TIES = {**FAMILY, "dialect": "mergekit", "trim_scope": "tensor"}
THINNED = [{"weight": 0.7, "density": 0.5}, {"weight": -0.3, "density": 0.2}, {"weight": 0.4, "density": 1}]
ALIKE = [{**values, "density": 0.5} for values in THINNED]
BANDED = [{**values, "gamma": 0.01} for values in THINNED]
RANKED = [{**values, "density": 0.6, "epsilon": 0.2} for values in THINNED]
NONE: list[dict[str, float]] = [{}, {}, {}]
CASES = {
    "linear": ("linear", {"normalize": True}, [{"weight": 0.5}, {"weight": 1.7}, {"weight": -0.1}]),
    "task_arithmetic": ("task_arithmetic", PLAIN, THINNED),
    "ties": ("ties", TIES, THINNED),
    "ties-plain": ("ties", {**TIES, **PLAIN}, THINNED),
    "ties-paper": ("ties", {**TIES, "dialect": "paper"}, THINNED),
    "ties-model": ("ties", {**TIES, "trim_scope": "model"}, THINNED),
    "breadcrumbs": ("breadcrumbs", FAMILY, BANDED),
    "breadcrumbs_ties": ("breadcrumbs_ties", PLAIN, BANDED),
    "dare_linear": ("dare_linear", FAMILY, THINNED),
    "dare_ties": ("dare_ties", FAMILY, THINNED),
    "dare_linear-alike": ("dare_linear", PLAIN, ALIKE),
    "dare_ties-alike": ("dare_ties", FAMILY, ALIKE),
    "della": ("della", FAMILY, RANKED),
    "della_linear": ("della_linear", PLAIN, RANKED),
    "sce": ("sce", {"int8_mask": False, "select_topk": 0.4}, NONE),
    "ram": ("ram", {"epsilon": 1e-5}, NONE),
    "ramplus_tl": ("ramplus_tl", {"epsilon": 1e-5, "r": 0.1, "alpha": 0.2}, NONE),
    "nearswap": ("nearswap", {"t": 0.001}, NONE[:1]),
    "model_stock": ("model_stock", {"filter_wise": False}, NONE),
    "slerp": ("slerp", {"t": 0.3, "norm": "preserve"}, NONE[:1]),
    "nuslerp": (
        "nuslerp",
        {"nuslerp_flatten": True, "nuslerp_row_wise": False},
        [{"weight": 0.7}, {"weight": 0.4}],
    ),
}
# As the inputs are stored, in turn; the base is as the last.
STORED = {
    "bfloat16": [torch.bfloat16],
    "float16": [torch.float16],
    "float32": [torch.float32],
    "all three": [torch.bfloat16, torch.float16, torch.float32],
    "float8 too": [torch.bfloat16, torch.float8_e4m3fn],
}


def tensors(seed: int) -> dict[str, torch.Tensor]:
    """Weights as models have them: differences of bfloat16 numbers, many of them equal."""
    shared = torch.Generator().manual_seed(1)
    own = torch.Generator().manual_seed(seed)
    made = {}
    for name, shape in {"w": (ELEMENTS,), "m": (130, 257)}.items():
        base = torch.randn(shape, generator=shared).mul_(0.02)
        made[name] = base.add_(torch.randn(shape, generator=own), alpha=0.001).to(torch.bfloat16)
    return made


@pytest.mark.parametrize("stored", list(STORED)[1:])
@pytest.mark.parametrize(
    "case",
    [
        "linear",
        "slerp",
        "nuslerp",
        "model_stock",
        "ties",
        "dare_ties",
        "della",
        "sce",
        "nearswap",
        "ramplus_tl",
    ],
)
def test_so_they_are_whatever_the_models_are_stored_as(tmp_path: Path, case: str, stored: str) -> None:
    method, shared, per_input = CASES[case]
    dtypes = STORED[stored]
    seeds = [*range(2, 2 + len(per_input)), 99]
    *inputs, base = (
        {name: values.to(dtypes[number % len(dtypes)]) for name, values in tensors(seed).items()}
        for number, seed in enumerate(seeds)
    )
    plan = plan_method(
        tmp_path, method, None if method == "linear" else base, inputs, shared, per_input, torch.float16
    )
    expected = {name: tensor_bytes(values) for name, values in run_plan(plan, 1, BLOCK).items()}
    with compiled():
        found = {name: tensor_bytes(values) for name, values in run_plan(plan, 2, 4 * BLOCK).items()}
    assert found == expected


@pytest.mark.parametrize("case", CASES)
def test_the_bytes_are_the_same(tmp_path: Path, case: str) -> None:
    method, shared, per_input = CASES[case]
    inputs = [tensors(seed) for seed in range(2, 2 + len(per_input))]
    base = None if method == "linear" else tensors(99)
    plan = plan_method(tmp_path, method, base, inputs, shared, per_input, torch.bfloat16)

    def merged(threads: int = 1, chunk: int = BLOCK) -> dict[str, bytes]:
        return {name: tensor_bytes(values) for name, values in run_plan(plan, threads, chunk).items()}

    expected = merged()
    with compiled():
        assert merged() == expected
        assert merged(threads=2, chunk=4 * BLOCK) == expected
    for pieces in (2, 4):
        assert switched(plan, pieces) == expected


def switched(plan: Plan, pieces: int) -> dict[str, bytes]:
    """Merges by torch until so many pieces have been handed out, then by compiled kernels."""
    left = pieces
    with ExitStack() as stack:

        def stop() -> bool:
            nonlocal left
            left -= 1
            if left == 0:
                stack.enter_context(compiled())
            return False

        outputs = run_plan(plan, chunk_elements=BLOCK, stop=stop)
    assert pieces > 2 or left <= 0
    return {name: tensor_bytes(values) for name, values in outputs.items()}
