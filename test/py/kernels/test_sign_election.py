"""Sign election on small cases worked out by hand."""

from __future__ import annotations

import torch

from amalgam_worker.kernels.sign_election import elected_sum
from amalgam_worker.tensors.buffers import Scratch


def elect(rows: list[list[float]], weights: list[float] | None = None) -> list[float]:
    scratch = Scratch(torch.device("cpu"))
    result: list[float] = elected_sum([torch.tensor(row) for row in rows], weights, scratch).tolist()
    return result


def test_the_sign_of_the_sum_is_elected() -> None:
    assert elect([[3.0, -3.0, 1.0], [-1.0, 1.0, 1.0], [1.0, -1.0, -5.0]]) == [4.0, -4.0, -5.0]


def test_a_sum_of_zero_elects_plus() -> None:
    assert elect([[2.0, -2.0, 0.0], [-2.0, 2.0, 0.0]]) == [2.0, 2.0, 0.0]


def test_zeros_take_no_part_in_the_divisor() -> None:
    assert elect([[2.0], [0.0], [4.0]], [0.5, 0.25, 0.25]) == [8.0]


def test_a_divisor_of_zero_is_one() -> None:
    assert elect([[0.0, 3.0], [0.0, 2.0]], [0.5, -0.5]) == [0.0, 5.0]


def test_nan_is_not_hidden() -> None:
    assert all(value != value for value in elect([[float("nan"), 1.0], [1.0, float("nan")]]))
