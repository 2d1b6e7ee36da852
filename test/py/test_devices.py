"""Names of devices."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from amalgam_worker.devices import list_devices, resolve_device
from amalgam_worker.errors import WorkerError


def fake_cuda(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.setattr(
        torch.cuda,
        "get_device_properties",
        lambda index: SimpleNamespace(name=f"GPU {index}", total_memory=2000),
    )


@pytest.mark.parametrize(
    ("name", "count", "expected"),
    [
        ("auto", 0, "cpu"),
        ("cpu", 2, "cpu"),
        ("auto", 1, "cuda:0"),
        ("cuda", 2, "cuda:0"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_names(monkeypatch: pytest.MonkeyPatch, name: str, count: int, expected: str) -> None:
    fake_cuda(monkeypatch, count)
    assert str(resolve_device(name)) == expected


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "cuda:2", "cuda:-1", "cuda:x", "mps", "", "cpu:0"])
def test_what_is_not_there(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    fake_cuda(monkeypatch, 2 if name == "cuda:2" else 0)
    with pytest.raises(WorkerError) as caught:
        resolve_device(name)
    assert caught.value.code == "no-device"
    assert "cpu" in (caught.value.hint or "")


def test_list(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_cuda(monkeypatch, 1)
    cpu, gpu = list_devices()
    assert cpu.name == "cpu"
    assert cpu.description
    assert (gpu.name, gpu.description, gpu.total_memory, gpu.free_memory) == ("cuda:0", "GPU 0", 2000, None)
