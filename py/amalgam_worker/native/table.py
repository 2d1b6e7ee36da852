"""Every kernel, with what compares it with its torch version."""

from __future__ import annotations

from collections.abc import Callable

from amalgam_worker.native.checks.election import election_agrees
from amalgam_worker.native.checks.random_drop import drop_at_random_agrees, drop_by_rank_agrees
from amalgam_worker.native.election import ELECTION
from amalgam_worker.native.kernel import Call, Kernel
from amalgam_worker.native.random_drop import DROP_AT_RANDOM, DROP_BY_RANK

# Each is told a function, and whether that gives the bits of torch on values that are hard to get right.
TABLE: tuple[tuple[Kernel, Callable[[Call], bool]], ...] = (
    (ELECTION, election_agrees),
    (DROP_AT_RANDOM, drop_at_random_agrees),
    (DROP_BY_RANK, drop_by_rank_agrees),
)
