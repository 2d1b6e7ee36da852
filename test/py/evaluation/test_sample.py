import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker.evaluation.sample import sample

KEYS = [f"example {number}" for number in range(40)]


def test_without_a_seed_the_first_are_taken() -> None:
    assert sample(KEYS, KEYS, 3, None) == KEYS[:3]
    assert sample(KEYS, KEYS, None, 5) == KEYS
    assert sample(KEYS, KEYS, 100, 5) == KEYS


@settings(deadline=None, derandomize=True)
@given(st.integers(1, 39), st.integers(0, 2**53))
def test_a_sample_is_that_of_the_least_hashes_in_order(limit: int, seed: int) -> None:
    taken = sample(KEYS, KEYS, limit, seed)
    ranks = {key: hashlib.sha256(f"{seed}:{key}".encode()).hexdigest() for key in KEYS}
    assert set(taken) == set(sorted(KEYS, key=ranks.__getitem__)[:limit])
    assert taken == [key for key in KEYS if key in set(taken)]


def test_samples_differ_by_seed_and_larger_ones_hold_smaller_ones() -> None:
    assert sample(KEYS, KEYS, 10, 1) != sample(KEYS, KEYS, 10, 2)
    assert set(sample(KEYS, KEYS, 10, 1)) < set(sample(KEYS, KEYS, 20, 1))
