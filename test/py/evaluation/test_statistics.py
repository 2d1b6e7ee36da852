import math
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.evaluation.statistics import RunningMean, running_mean


@settings(deadline=None, derandomize=True)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_mean_and_standard_error(values: list[float]) -> None:
    running = running_mean(values)
    assert running.count == len(values)
    assert running.mean == pytest.approx(statistics.fmean(values), rel=1e-9, abs=1e-6)
    expected = statistics.stdev(values) / math.sqrt(len(values))
    assert running.standard_error() == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_large_offset_does_not_cancel_the_spread() -> None:
    assert running_mean([1e9, 1e9 + 1, 1e9 + 2]).standard_error() == pytest.approx(1 / math.sqrt(3))


def test_fewer_than_two_values_have_no_standard_error() -> None:
    assert RunningMean().standard_error() is None
    assert running_mean([3.0]).standard_error() is None
