"""Mean and its standard error, of numbers that arrive one by one."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(slots=True)
class RunningMean:
    """Welford, "Note on a method for calculating corrected sums of squares and products", 1962; float64."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0  # Sum of squared deviations from the mean.

    def add(self, value: float) -> None:
        self.count += 1
        deviation = value - self.mean
        self.mean += deviation / self.count
        self.squares += deviation * (value - self.mean)

    def standard_error(self) -> float | None:
        """Sample standard deviation over the square root of the count; None for fewer than two values."""
        if self.count < 2:
            return None
        return math.sqrt(self.squares / (self.count - 1) / self.count)


def running_mean(values: list[float]) -> RunningMean:
    """Of the values in their order."""
    running = RunningMean()
    for value in values:
        running.add(value)
    return running
