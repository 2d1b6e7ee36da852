"""A real GPU, where there is one: the same bytes however it is done, and the CPU's but for rounding."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from test_gpu_lane import OPERATIONS, operation_plan

from amalgam_worker.engine import execute, settings_on
from amalgam_worker.gpu.streams import CudaStreams
from amalgam_worker.kernels.fused_election import FUSED_ELECTION, _case
from amalgam_worker.protocol import Plan
from helpers.plans import read_checkpoint
from helpers.run import MemorySink, run_plan

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device here")
GPU = torch.device("cuda", 0)
# Where rounding moves an element over a cut.
DOUBTFUL = 1e-3


def merged_on_gpu(plan: Plan, threads: int, chunk_elements: int) -> bytes:
    sink = MemorySink(plan.shards[0].bytes)
    settings = settings_on(GPU, threads, chunk_elements)
    execute(plan, sink, settings, lambda done, tensors, name: None, lambda: False)
    return bytes(sink.bytes)


def tensors_of(plan: Plan, data: bytes, folder: Path) -> dict[str, torch.Tensor]:
    header = plan.shards[0].header.encode()
    path = folder / "merged.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + len(header) :])
    return read_checkpoint(path)


@pytest.mark.parametrize("name", OPERATIONS)
def test_bytes_do_not_depend_on_threads_or_chunks(tmp_path: Path, name: str) -> None:
    plan = operation_plan(tmp_path, name, torch.float32)
    first = merged_on_gpu(plan, 1, 65_536)
    for threads, chunk in [(1, 1 << 20), (2, 131_072), (3, 65_536)]:
        assert merged_on_gpu(plan, threads, chunk) == first, (threads, chunk)


@pytest.mark.parametrize("name", OPERATIONS)
def test_values_are_those_of_the_cpu_but_for_rounding(tmp_path: Path, name: str) -> None:
    plan = operation_plan(tmp_path, name, torch.float32)
    expected = run_plan(plan)
    for tensor, values in tensors_of(plan, merged_on_gpu(plan, 2, 1 << 20), tmp_path).items():
        close = torch.isclose(values, expected[tensor], rtol=1e-5, atol=1e-6)
        assert (~close).sum() <= DOUBTFUL * close.numel(), tensor


@pytest.mark.parametrize("weights", [None, [1.0, 0.5, 0.25]])
@pytest.mark.parametrize("sign_of_zero", [1, -1])
def test_the_fused_election_proves_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights: list[float] | None, sign_of_zero: int
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "torch"))
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path / "triton"))
    monkeypatch.setattr(FUSED_ELECTION, "kernels", {})
    with torch.inference_mode():
        case = _case([torch.empty(1 << 20, device=GPU)] * 3, weights, sign_of_zero)
    FUSED_ELECTION.compile(case)
    assert list(FUSED_ELECTION.kernels) == [case]


def test_what_travels_in_streams_arrives() -> None:
    streams = CudaStreams(GPU)
    pinned, device, back = streams.pinned(1 << 20), streams.on_device(1 << 20), streams.pinned(1 << 20)
    pinned.copy_(torch.arange(1 << 20).to(torch.uint8))
    streams.wait("copy in", streams.record("compute"))
    streams.copy("copy in", device, pinned)
    streams.wait("copy out", streams.record("copy in"))
    streams.copy("copy out", back, device)
    streams.finish(streams.record("copy out"))
    assert torch.equal(back, pinned)
