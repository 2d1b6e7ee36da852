"""Where tensors can be computed."""

from __future__ import annotations

import os
import platform

import torch

from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import Device


def usable_cpus() -> int:
    """Number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def list_devices() -> list[Device]:
    """Every device that torch can use here, the CPU first."""
    memory = _meminfo()
    cpu = Device("cpu", _processor(), memory.get("MemTotal"), memory.get("MemAvailable"))
    return [cpu, *(_cuda_device(index) for index in range(_cuda_count()))]


def resolve_device(name: str) -> torch.device:
    """The device of `auto`, `cpu`, `cuda` or `cuda:N`; `auto` is the first CUDA device or else the CPU.

    Raises:
        WorkerError: `no-device` where there is no such device.
    """
    count = _cuda_count()
    if name == "cpu" or (name == "auto" and count == 0):
        return torch.device("cpu")
    kind, _, number = name.partition(":")
    index = 0 if name in ("auto", "cuda") else int(number) if kind == "cuda" and number.isdigit() else -1
    if 0 <= index < count:
        return torch.device("cuda", index)
    names = ", ".join(["cpu", *(f"cuda:{index}" for index in range(count))])
    raise WorkerError("no-device", f"there is no device {name}", f"devices here: {names}")


def _cuda_count() -> int:
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _cuda_device(index: int) -> Device:
    properties = torch.cuda.get_device_properties(index)
    # To ask what is free would keep hundreds of megabytes of every GPU, of those too that are not used.
    return Device(f"cuda:{index}", properties.name, properties.total_memory, None)


def _meminfo() -> dict[str, int]:
    """Fields of /proc/meminfo in bytes; empty where there is none."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            pairs = (line.split(":") for line in lines if line.rstrip().endswith("kB"))
            return {name: int(value.split()[0]) * 1024 for name, value in pairs}
    except OSError:
        return {}


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
