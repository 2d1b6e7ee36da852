"""Fused kernels: when they are compiled, when they are used, and that they change no bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from test_engine import THINNED, TIES, models

from amalgam_worker import fusion
from amalgam_worker.fusion import Case, Fusion, Tensors
from amalgam_worker.kernels.fused_election import FUSED_ELECTION
from helpers.compiled import compiler
from helpers.plans import tensor_bytes
from helpers.run import plan_method, run_plan

CPU = torch.device("cpu")
DOUBLING = Case(CPU, torch.float32, 262_144, 1, "doubling")


@pytest.fixture
def enabled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What `enable` sets is set here first, so that it is taken back.
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "torch"))
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "triton"))
    monkeypatch.setattr(fusion, "_enabled", set())
    fusion.enable(CPU, {"AMALGAM_KERNELS_FOLDER": str(tmp_path)})


@pytest.fixture
def traced_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """What torch has traced counts as compiled."""
    monkeypatch.setattr("torch._inductor.compile", lambda traced, arguments, options: traced)


def doubling(reference: float = 2.0, fails: bool = False) -> Fusion:
    def double(values: torch.Tensor) -> Tensors:
        if fails:
            raise RuntimeError("cannot be traced")
        return (values + values,)

    def sample(case: Case) -> list[torch.Tensor]:
        return [torch.linspace(-1, 1, case.elements)]

    return Fusion(lambda case: double, sample, lambda case, arguments: (arguments[0] * reference,))


def call_until_compiled(function: Fusion, case: Case) -> None:
    for _ in range(fusion._CALLS):
        assert function.serving(case) is None
    fusion._background.waiting.join()


@pytest.mark.usefixtures("enabled", "traced_only")
def test_a_case_that_comes_often_gets_a_kernel() -> None:
    function = doubling()
    call_until_compiled(function, DOUBLING)
    kernel = function.serving(DOUBLING)
    assert kernel is not None
    (result,) = kernel(torch.full((262_144,), 1.5))
    assert torch.equal(result, torch.full((262_144,), 3.0))


@pytest.mark.usefixtures("enabled", "traced_only")
@pytest.mark.parametrize("function", [doubling(reference=2.0000002), doubling(fails=True)])
def test_without_the_right_bits_or_a_trace_there_is_none(function: Fusion) -> None:
    call_until_compiled(function, DOUBLING)
    assert function.serving(DOUBLING) is None


@pytest.mark.usefixtures("enabled", "traced_only")
def test_small_chunks_and_a_fifth_case_get_none() -> None:
    function = doubling()
    call_until_compiled(function, DOUBLING._replace(elements=131_072))
    assert function.calls == {}
    cases = [DOUBLING._replace(elements=262_144 + number) for number in range(5)]
    for case in cases:
        call_until_compiled(function, case)
    assert [function.serving(case) is not None for case in cases] == [True] * 4 + [False]


@pytest.mark.usefixtures("traced_only")
@pytest.mark.parametrize(
    "environment", [{}, {"AMALGAM_KERNELS_FOLDER": "/nowhere", "AMALGAM_COMPILED_KERNELS": "off"}]
)
def test_nothing_is_compiled_unasked(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fusion, "_enabled", set())
    fusion.enable(CPU, environment)
    function = doubling()
    call_until_compiled(function, DOUBLING)
    assert function.calls == {}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([0.0], [0.0], True),
        ([0.0], [-0.0], False),
        ([float("nan"), 1.0], [float("nan"), 1.0], True),
        ([float("nan")], [0.0], False),
        ([float("inf")], [-float("inf")], False),
        ([1.0], [1.0000001], False),
    ],
)
def test_bits_are_compared(one: list[float], other: list[float], same: bool) -> None:
    assert fusion.same_bits((torch.tensor(one),), (torch.tensor(other),)) == same


@pytest.mark.usefixtures("enabled")
def test_a_merge_goes_on_with_the_kernel_and_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compiles once, in some ten seconds."""
    compiler()
    monkeypatch.setattr(fusion, "_CALLS", 1)
    monkeypatch.setattr(FUSED_ELECTION, "kernels", {})
    monkeypatch.setattr(FUSED_ELECTION, "calls", {})
    base, *inputs = ({"up": model["up"]} for model in models())
    plan = plan_method(tmp_path, "ties", base, inputs, TIES, THINNED)
    before = run_plan(plan)["up"]
    fusion._background.waiting.join()
    ((case, kernel),) = FUSED_ELECTION.kernels.items()
    assert (case.elements, case.vectors) == (262_144, 2)
    used = list[int]()

    def counted(*arguments: torch.Tensor) -> Tensors:
        used.append(len(arguments))
        return kernel(*arguments)

    FUSED_ELECTION.kernels[case] = counted
    assert tensor_bytes(run_plan(plan)["up"]) == tensor_bytes(before)
    assert used == [5]
