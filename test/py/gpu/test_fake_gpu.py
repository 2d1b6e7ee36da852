"""The GPU that is not there refuses what a real one refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from test_gpu_lane import operation_plan

from amalgam_worker.kernels import row_ranks, top_k
from helpers.fake_gpu import GPU, DeviceError, FakeGpu, GpuTensor
from helpers.fake_streams import FakeStreams
from helpers.run import run_plan

Ours = torch.Tensor
HOST = torch.arange(4.0)


@pytest.mark.parametrize(
    "mixed",
    [
        lambda ours: ours + HOST,
        lambda ours: HOST.mul_(ours),
        lambda ours: torch.where(ours > 2, HOST, ours),
        lambda ours: torch.stack([ours[0], HOST[0]]),
        lambda ours: torch.mul(ours, ours, out=HOST),
        lambda ours: HOST.clone().add_(ours, alpha=2),
        lambda ours: torch.dot(ours, HOST),
        lambda ours: ours.numpy(),
    ],
)
def test_the_two_sides_do_not_mix(mixed: Callable[[Ours], object]) -> None:
    with FakeGpu(), pytest.raises(DeviceError):
        mixed(torch.arange(4.0, device=GPU))


@pytest.mark.parametrize(
    ("made", "on_gpu"),
    [
        (lambda ours: ours + 1, True),
        (lambda ours: ours * HOST[1], True),
        (lambda ours: torch.empty_like(ours), True),
        (lambda ours: torch.zeros(2, device=ours.device), True),
        (lambda ours: ours[torch.tensor([0, 2])], True),
        (lambda ours: ours.view(2, 2).sum(1), True),
        (lambda ours: ours.to(torch.float64), True),
        (lambda ours: torch.mul(ours, 2, out=ours), True),
        (lambda ours: ours.copy_(HOST), True),
        (lambda ours: HOST.to(GPU), True),
        (lambda ours: HOST.to(ours), True),
        (lambda ours: HOST.to(device=GPU, dtype=torch.float64, copy=True), True),
        (lambda ours: ours.cpu(), False),
        (lambda ours: ours.to("cpu", torch.int64), False),
        (lambda ours: HOST.clone().copy_(ours), False),
        (lambda ours: HOST + 1, False),
        (lambda ours: torch.zeros(2), False),
    ],
)
def test_results_lie_where_they_would(made: Callable[[Ours], torch.Tensor], on_gpu: bool) -> None:
    with FakeGpu():
        result = made(torch.arange(4.0, device=GPU))
        assert isinstance(result, GpuTensor) == on_gpu
        assert (result.is_cpu, result.device) == (not on_gpu, GPU if on_gpu else torch.device("cpu"))


@pytest.mark.parametrize("name", ["ties", "della"])
def test_a_merge_goes_the_ways_of_a_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    plan, went = operation_plan(tmp_path, name), set[bool]()
    for module, function in ((top_k, "magnitude_bits"), (row_ranks, "magnitude_bits")):
        original = getattr(module, function)

        def noted(*given: object, original: Callable[..., torch.Tensor] = original) -> torch.Tensor:
            found = original(*given)
            went.add(found.is_cpu)
            return found

        monkeypatch.setattr(module, function, noted)
    run_plan(plan, streams=FakeStreams())
    assert went == {False}
