"""Statistics of the counter-based masks, and their independence of everything but the key."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from amalgam_worker.kernels.keep_mask import MASK_BLOCK, drop_at_random, mask_key, random_words
from amalgam_worker.tensors.buffers import Scratch
from helpers.reference_masks import random_mask

BLOCKS = 8
CPU = torch.device("cpu")


def keep_mask(key: tuple[int, int], elements: int, density: float, scratch: Scratch) -> torch.Tensor:
    ones = torch.ones(elements)
    drop_at_random(ones, key, 0, density, scratch)
    return ones


def masks(density: float, seed: int = 0, model: int = 0, name: str = "w") -> torch.Tensor:
    scratch = Scratch(CPU)
    parts = [
        keep_mask(mask_key(seed, model, name, block), MASK_BLOCK, density, scratch) for block in range(BLOCKS)
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
    for seed in range(60):
        counts += keep_mask(mask_key(seed, 0, "w", 0), MASK_BLOCK, 0.5, scratch)
    deviation = float(((counts - 30) ** 2 / 15).sum())
    assert abs(deviation - MASK_BLOCK) < 5 * math.sqrt(2 * MASK_BLOCK)


def test_a_part_of_a_block_is_what_it_is_in_the_whole() -> None:
    scratch = Scratch(CPU)
    key = mask_key(1, 2, "층", 3)
    whole = keep_mask(key, MASK_BLOCK, 0.3, scratch)
    assert torch.equal(keep_mask(key, 77, 0.3, scratch), whole[:77])
    later = torch.ones(100)
    drop_at_random(later, key, 5000, 0.3, scratch)
    assert torch.equal(later, whole[5000:5100])


def test_the_definition_in_unsigned_arithmetic() -> None:
    mine = masks(0.37, seed=9, model=3, name="x").reshape(-1)
    assert torch.equal(mine, torch.from_numpy(random_mask(9, 3, "x", (BLOCKS * MASK_BLOCK,), 0.37)).double())


@pytest.mark.parametrize("gap", [1, 2, 3, 7])
def test_words_of_places_models_and_blocks_fill_their_squares(gap: int) -> None:
    """Chi-square of pairs of words in 256 x 256 cells, far finer than one threshold sees."""
    scratch, cells = Scratch(CPU), 256 * 256
    words = [random_words(mask_key(5, 0, "w", block), 0, MASK_BLOCK, scratch).clone() for block in range(12)]
    others = [random_words(mask_key(5, 1, "w", block), 0, MASK_BLOCK, scratch).clone() for block in range(12)]
    rows = (torch.stack(words) >> 24) + 128
    columns = (torch.stack(others) >> 24) + 128
    for one, other in (
        (rows[:, gap:], rows[:, :-gap]),
        (rows[gap:], rows[:-gap]),
        (rows[:, gap:], columns[:, :-gap]),
        (rows, columns),
    ):
        counts = torch.bincount((one * 256 + other).reshape(-1), minlength=cells).double()
        expected = one.numel() / cells
        chi_square = float(((counts - expected) ** 2).sum()) / expected
        assert abs(chi_square - cells) < 5 * math.sqrt(2 * cells)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_does_not_disappear(dtype: torch.dtype, value: float) -> None:
    values = torch.ones(4096, dtype=dtype)
    values[7] = value
    for block in range(8):
        dropped = values.clone()
        drop_at_random(dropped, mask_key(0, 0, "w", block), 0, 0.1, Scratch(CPU))
        assert not dropped.isfinite().all()


def test_every_type_loses_the_same() -> None:
    key, ones = mask_key(0, 0, "w", 0), torch.ones(1000, dtype=torch.float64)
    drop_at_random(ones, key, 0, 0.4, Scratch(CPU))
    assert torch.equal(ones.float(), keep_mask(key, 1000, 0.4, Scratch(CPU)))
