"""Numbers of 8 bits as inputs, in updates and as outputs, against their definition."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import LoraUpdate
from helpers.one_step import cut_input, models_in, step_plan
from helpers.plans import operation
from helpers.reference import Array
from helpers.run import run_plan

# Type, bits of the mantissa, bias of the exponent, codes from 0 up to the largest number.
E4M3 = (torch.float8_e4m3fn, 3, 7, 0x7E)
E5M2 = (torch.float8_e5m2, 2, 15, 0x7B)
Kind = tuple[torch.dtype, int, int, int]


def number(code: int, mantissa_bits: int, bias: int) -> float:
    """Value of a code, from OCP's definition of 8-bit floating point."""
    exponent, mantissa = (code & 0x7F) >> mantissa_bits, code & ((1 << mantissa_bits) - 1)
    fraction = mantissa / (1 << mantissa_bits)
    size = fraction * 2.0 ** (1 - bias) if exponent == 0 else (1 + fraction) * 2.0 ** (exponent - bias)
    return -size if code & 0x80 else size


def all_numbers(kind: Kind) -> tuple[torch.Tensor, Array]:
    """Every finite number of a type as it is stored, and its value."""
    dtype, mantissa_bits, bias, largest = kind
    codes = [sign | code for sign in (0, 0x80) for code in range(largest + 1)]
    stored = torch.tensor(codes, dtype=torch.uint8).view(dtype)
    return stored, np.array([number(code, mantissa_bits, bias) for code in codes])


def rounded(values: Array, kind: Kind) -> Array:
    """The nearest numbers of the type, of two equally near the one with an even code."""
    _, mantissa_bits, bias, largest = kind
    sizes = np.array([number(code, mantissa_bits, bias) for code in range(largest + 1)])
    distance = np.abs(np.abs(values)[:, None] - sizes)
    tied = distance == distance.min(axis=1, keepdims=True)
    even = tied & (np.arange(len(sizes)) % 2 == 0)
    chosen = np.where(even.any(axis=1), even.argmax(axis=1), tied.argmax(axis=1))
    return np.asarray(np.copysign(sizes[chosen], values))


@pytest.mark.parametrize("kind", [E4M3, E5M2])
def test_inputs_are_the_numbers_that_they_stand_for(tmp_path: Path, kind: Kind) -> None:
    stored, values = all_numbers(kind)
    other = stored.view(torch.uint8).flip(0).view(kind[0])
    maker = models_in(tmp_path, {"w": stored}, {"w": other})
    how = operation("linear", {"normalize": False}, [{"weight": 0.25}, {"weight": 2}])
    inputs = [cut_input(maker, 0), cut_input(maker, 1, [7, 100])]
    merged = run_plan(step_plan(maker, stored.shape, inputs, how=how))["w"]
    np.testing.assert_array_equal(merged.numpy(), (0.25 * values + 2 * values[::-1]).astype(np.float32))


@pytest.mark.parametrize("kind", [E4M3, E5M2])
def test_outputs_are_rounded_to_the_nearest_number(tmp_path: Path, kind: Kind) -> None:
    stored, values = all_numbers(kind)
    maker = models_in(tmp_path, {"w": stored}, {"w": stored.roll(1)})
    how = operation("linear", {"normalize": True}, [{"weight": 1}, {"weight": 1}])
    inputs = [cut_input(maker, 0), cut_input(maker, 1)]
    merged = run_plan(step_plan(maker, stored.shape, inputs, how=how, dtype=kind[0]))["w"]
    expected = rounded((values + np.roll(values, 1)) / 2, kind)
    np.testing.assert_array_equal(merged.double().numpy(), expected)


@pytest.mark.parametrize("kind", [E4M3, E5M2])
def test_numbers_beyond_the_largest_are_refused(tmp_path: Path, kind: Kind) -> None:
    stored, _ = all_numbers(kind)
    maker = models_in(tmp_path, {"w": stored})
    how = operation("linear", {"normalize": False}, [{"weight": 1.25}])
    with pytest.raises(WorkerError, match="would hold values that are not finite"):
        run_plan(step_plan(maker, stored.shape, [cut_input(maker, 0)], how=how, dtype=kind[0]))


@pytest.mark.parametrize("kind", [E4M3, E5M2])
def test_updates_of_and_by_such_numbers(tmp_path: Path, kind: Kind) -> None:
    generator = torch.Generator().manual_seed(5)
    model = {
        name: torch.randn(shape, generator=generator).to(kind[0])
        for name, shape in {"w": (40, 30), "a": (4, 30), "b": (40, 4)}.items()
    }
    maker = models_in(tmp_path, model)
    update = LoraUpdate(maker.places[0]["a"], maker.places[0]["b"], 0.5, False, None)
    merged = run_plan(step_plan(maker, [40, 30], [cut_input(maker, 0, lora=update)]))["w"]
    weight, a, b = (
        np.array([number(int(code), *kind[1:3]) for code in model[name].view(torch.uint8).reshape(-1)])
        for name in "wab"
    )
    expected = weight.reshape(40, 30) + 0.5 * b.reshape(40, 4) @ a.reshape(4, 30)
    np.testing.assert_allclose(merged.double().numpy(), expected, rtol=1e-6, atol=1e-5)
