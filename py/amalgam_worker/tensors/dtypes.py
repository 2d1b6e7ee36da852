"""Element types of safetensors files."""

from __future__ import annotations

import math

import torch

from amalgam_worker.protocol import Dtype

TORCH_DTYPES: dict[Dtype, torch.dtype] = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


_SIZES = {name: dtype.itemsize for name, dtype in TORCH_DTYPES.items()}
_FLOATING = {name for name, dtype in TORCH_DTYPES.items() if dtype.is_floating_point}


def item_size(dtype: Dtype) -> int:
    """Bytes of one element."""
    return _SIZES[dtype]


def is_floating(dtype: Dtype) -> bool:
    """Whether a method can compute with elements of this type."""
    return dtype in _FLOATING


def overflow_limit(dtype: torch.dtype) -> float:
    """Magnitude beyond which rounding leaves the type: half a step above its largest number."""
    facts = torch.finfo(dtype)
    _, exponent = math.frexp(facts.max)
    return float(facts.max + facts.eps * 2.0 ** (exponent - 2))


def fits(values: torch.Tensor, dtype: torch.dtype) -> bool:
    """Whether all values, of which there is one at least, are finite and stay so when they are cast."""
    return bool(fitting(values, dtype))


def fitting(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The same as a truth value on the values' device; bool [].

    Some types saturate where others become infinite, hence two conditions.
    """
    extremes = torch.stack(torch.aminmax(values))
    within = extremes.abs().to(torch.float64) <= overflow_limit(dtype)
    return (within & extremes.to(dtype).to(torch.float64).isfinite()).all()


def compute_dtype(dtypes: list[Dtype]) -> torch.dtype:
    """float32, or float64 where every input and the output are float64."""
    return torch.float64 if all(dtype == "F64" for dtype in dtypes) else torch.float32
