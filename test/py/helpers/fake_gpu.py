"""Tensors of a GPU that is not there: their numbers lie in the host's memory, but may not meet the host's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map

GPU = torch.device("cuda", 0)
# What CUDA does with tensors of both sides: it copies, or takes places from the host.
_CROSSING = {"copy_", "__getitem__", "__setitem__", "to"}
_OF_THE_HOST = {"numpy", "__array__"}
# Where a number of the host does not count as one.
_JOINING = {"stack", "cat"}


class DeviceError(AssertionError):
    """Numbers of the host and of the GPU in one operation, or memory of one taken for the other's."""


class GpuTensor(torch.Tensor):
    """A tensor that says of itself that it lies on the GPU."""


def on_gpu(values: torch.Tensor) -> torch.Tensor:
    """The same memory as the GPU's."""
    with torch._C.DisableTorchFunction():
        return values.as_subclass(GpuTensor)


class FakeGpu(TorchFunctionMode):
    """While it is entered, in this thread, tensors can be on `cuda:0`."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        named = dict(kwargs or {})
        tensors = list(_tensors((args, named)))
        is_ours = any(isinstance(tensor, GpuTensor) for tensor in tensors)
        name = func.__name__
        if name == "__get__" and is_ours:
            getter = getattr(func, "__self__", None)
            if getter is torch.Tensor.device:
                return GPU
            if getter is torch.Tensor.is_cpu:
                return False
        if is_ours and name in _OF_THE_HOST:
            raise DeviceError(f"{name} of a tensor on the GPU")
        if is_ours and name not in _CROSSING:
            _refuse_mixture(name, tensors)
        target = _target(name, args, named)
        if target is not None:
            is_ours = target.type == "cuda"
            args, named = _without_device(args, named)
        with torch._C.DisableTorchFunction():
            result = torch.Tensor.clone(args[0]) if name == "cpu" else func(*args, **named)
            if name == "cpu" or (name in _CROSSING and target is None and name != "to"):
                is_ours = name != "cpu" and isinstance(args[0], GpuTensor)
            return tree_map(lambda leaf: _placed(leaf, is_ours), result)


def _tensors(values: Any) -> Iterator[torch.Tensor]:
    return (leaf for leaf in tree_leaves(values) if isinstance(leaf, torch.Tensor))


def _refuse_mixture(name: str, tensors: list[torch.Tensor]) -> None:
    for tensor in tensors:
        if not isinstance(tensor, GpuTensor) and (tensor.dim() > 0 or name in _JOINING):
            raise DeviceError(f"{name} of tensors on the GPU and of one on the host")


def _target(name: str, args: Sequence[Any], named: dict[str, Any]) -> torch.device | None:
    """The device that a call asks for; None where it does not say."""
    if name == "to":
        for value in args[1:]:
            if isinstance(value, torch.Tensor):
                return GPU if isinstance(value, GpuTensor) else torch.device("cpu")
            if isinstance(value, (str, torch.device)):
                return torch.device(value)
    device = named.get("device")
    return None if device is None else torch.device(device)


def _without_device(args: Sequence[Any], named: dict[str, Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    host = torch.device("cpu")
    kept = [host if isinstance(value, torch.device) else value for value in args]
    return kept, {**named, "device": host} if "device" in named else named


def _placed(leaf: Any, is_ours: bool) -> Any:
    if not isinstance(leaf, torch.Tensor) or isinstance(leaf, GpuTensor) == is_ours:
        return leaf
    return leaf.as_subclass(GpuTensor if is_ours else torch.Tensor)
