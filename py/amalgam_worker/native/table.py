"""Every kernel, with what compares it with its torch version."""

from __future__ import annotations

from collections.abc import Callable

from amalgam_worker.native.checks.election import election_agrees
from amalgam_worker.native.checks.random_drop import drop_at_random_agrees, drop_by_rank_agrees
from amalgam_worker.native.checks.sums import (
    dots_agree,
    group_dots_agree,
    group_sums_agree,
    row_dots_agree,
)
from amalgam_worker.native.checks.variance import keep_where_positive_agrees, variance_agrees
from amalgam_worker.native.election import ELECTION
from amalgam_worker.native.kernel import Call, Kernel
from amalgam_worker.native.random_drop import DROP_AT_RANDOM, DROP_BY_RANK
from amalgam_worker.native.sums import DOTS, GROUP_DOTS, GROUP_SUMS, ROW_DOTS
from amalgam_worker.native.variance import KEEP_WHERE_POSITIVE, VARIANCE

# Each is told a function, and whether that gives the bits of torch on values that are hard to get right.
TABLE: tuple[tuple[Kernel, Callable[[Call], bool]], ...] = (
    (ELECTION, election_agrees),
    (DROP_AT_RANDOM, drop_at_random_agrees),
    (DROP_BY_RANK, drop_by_rank_agrees),
    (GROUP_SUMS, group_sums_agree),
    (GROUP_DOTS, group_dots_agree),
    (DOTS, dots_agree),
    (ROW_DOTS, row_dots_agree),
    (VARIANCE, variance_agrees),
    (KEEP_WHERE_POSITIVE, keep_where_positive_agrees),
)
