"""Means over tasks of scores per item, and differences of two models over the same items."""

import math

import torch

ItemScores = dict[str, torch.Tensor]
"""Of each task the scores of its items, float32 of shape (items,), from 0 to 1."""


def mean_over_tasks(scores: ItemScores) -> float:
    return sum(values.mean().item() for values in scores.values()) / len(scores)


def paired_difference(a: ItemScores, b: ItemScores) -> tuple[float, float]:
    """Difference of the means over tasks, and its standard error over the same items."""
    differences = [a[task] - b[task] for task in a]
    variance = sum(d.var().item() / len(d) for d in differences)
    return sum(d.mean().item() for d in differences) / len(a), math.sqrt(variance) / len(a)


def only(scores: ItemScores, task: str) -> ItemScores:
    return {task: scores[task]}


def without(scores: ItemScores, task: str) -> ItemScores:
    return {name: values for name, values in scores.items() if name != task}
