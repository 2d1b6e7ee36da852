"""Compares compiled RAM; what is checked is not in use, so the method goes by torch."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from amalgam_worker.methods.method import Chunk, Parameters, TensorFacts
from amalgam_worker.methods.ram import RAM, measure_overlap
from amalgam_worker.native.checks.awkward import LENGTHS, as_stored, awkward, same_bits
from amalgam_worker.native.kernel import STORED_TYPES, Call
from amalgam_worker.native.ram import count_active, merge_active
from amalgam_worker.tensors.buffers import Scratch

_BOOSTS = (1.1, 0.7, -2.0, 1.0)
_LIMITS = (0.0, 0.5)


def merge_active_agrees(call: Call) -> bool:
    """Whether it gives the bits of torch."""
    return all(
        same_bits(
            merge_active(call, chunk.stored_inputs, _base(chunk), limit, boosts, torch.empty(chunk.elements)),
            RAM.combine(
                chunk, {} if boosts is None else {"boosts": torch.tensor(boosts)}, _parameters(limit)
            ),
        )
        for boosts in (None, _BOOSTS)
        for chunk, limit in _chunks()
    )


def count_active_agrees(call: Call) -> bool:
    """Whether it counts as torch does."""
    return all(
        torch.equal(
            count_active(call, chunk.stored_inputs, _base(chunk), limit),
            *measure_overlap(chunk, {}, _parameters(limit)),
        )
        for chunk, limit in _chunks()
    )


def _chunks() -> Iterator[tuple[Chunk, float]]:
    for length in LENGTHS:
        for number in range(len(STORED_TYPES)):
            base, *inputs = (as_stored(awkward(length, seed), seed + number) for seed in range(5))
            facts = TensorFacts("", (length,), (0, 1, 2, 3), 0)
            chunk = Chunk(facts, 0, base, inputs, Scratch(torch.device("cpu")), torch.float32)
            yield chunk, _LIMITS[number % len(_LIMITS)]


def _base(chunk: Chunk) -> torch.Tensor:
    assert chunk.stored_base is not None
    return chunk.stored_base


def _parameters(limit: float) -> Parameters:
    return Parameters({"epsilon": limit}, [{}] * len(_BOOSTS))
