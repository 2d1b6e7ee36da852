"""Statistics of the counter-based masks, and their independence of everything but the key."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from amalgam_worker.kernels.keep_mask import MASK_BLOCK, keep_mask, mask_key
from amalgam_worker.tensors.buffers import Scratch
from helpers.reference_masks import random_mask

BLOCKS = 24
CPU = torch.device("cpu")


def masks(density: float, seed: int = 0, model: int = 0, name: str = "w") -> torch.Tensor:
    scratch = Scratch(CPU)
    parts = [
        keep_mask(mask_key(seed, model, name, block), MASK_BLOCK, density, scratch).clone()
        for block in range(BLOCKS)
    ]
    return torch.stack(parts).double()


@pytest.mark.parametrize("density", [0.001, 0.1, 0.25, 0.5, 0.53, 0.9, 0.999])
def test_kept_fraction(density: float) -> None:
    kept = masks(density)
    count = kept.numel()
    assert abs(float(kept.mean()) - density) < 4 * math.sqrt(density * (1 - density) / count)
    # The spread over blocks is that of independent draws: chi-square with BLOCKS degrees of freedom.
    deviation = (kept.sum(1) - density * MASK_BLOCK) ** 2 / (MASK_BLOCK * density * (1 - density))
    assert abs(float(deviation.sum()) - BLOCKS) < 4 * math.sqrt(2 * BLOCKS)


def correlation(one: torch.Tensor, other: torch.Tensor, density: float) -> float:
    """In standard deviations of independent masks."""
    product = ((one - density) * (other - density)).sum() / (density * (1 - density))
    return abs(float(product)) / math.sqrt(one.numel())


@pytest.mark.parametrize("density", [0.1, 0.5])
def test_models_seeds_and_tensors_are_independent(density: float) -> None:
    sets = [
        masks(density),
        masks(density, seed=1),
        masks(density, model=1),
        masks(density, model=2),
        masks(density, name="w2"),
        masks(density, seed=-1),
    ]
    for one, other in itertools.combinations(sets, 2):
        assert correlation(one, other, density) < 4.5


@pytest.mark.parametrize("distance", [1, 2, 3, 8, 64, 256, 4096, 32_768])
def test_places_are_independent(distance: int) -> None:
    kept = masks(0.5)
    assert correlation(kept[:, distance:], kept[:, :-distance], 0.5) < 4.5


def test_blocks_are_independent() -> None:
    kept = masks(0.5)
    for distance in range(1, 6):
        assert correlation(kept[distance:], kept[:-distance], 0.5) < 4.5


def test_every_place_is_kept_about_as_often() -> None:
    scratch = Scratch(CPU)
    counts = torch.zeros(MASK_BLOCK)
    for seed in range(200):
        counts += keep_mask(mask_key(seed, 0, "w", 0), MASK_BLOCK, 0.5, scratch)
    deviation = float(((counts - 100) ** 2 / 50).sum())
    assert abs(deviation - MASK_BLOCK) < 5 * math.sqrt(2 * MASK_BLOCK)


def test_a_shorter_block_is_the_beginning_of_a_longer_one() -> None:
    scratch = Scratch(CPU)
    key = mask_key(1, 2, "층", 3)
    whole = keep_mask(key, MASK_BLOCK, 0.3, scratch).clone()
    assert torch.equal(keep_mask(key, 77, 0.3, scratch), whole[:77])


def test_the_definition_in_unsigned_arithmetic() -> None:
    mine = masks(0.37, seed=9, model=3, name="x").reshape(-1)
    assert torch.equal(mine, torch.from_numpy(random_mask(9, 3, "x", (BLOCKS * MASK_BLOCK,), 0.37)).double())
