"""Every kernel, with what compares it with its torch version."""

from __future__ import annotations

from collections.abc import Callable

from amalgam_worker.native.cast import TO_BFLOAT16, TO_FLOAT16
from amalgam_worker.native.checks.cast import to_bfloat16_agrees, to_float16_agrees
from amalgam_worker.native.checks.combination import combination_agrees
from amalgam_worker.native.checks.differences import differences_agree
from amalgam_worker.native.checks.election import election_agrees
from amalgam_worker.native.checks.near_swap import near_swap_agrees
from amalgam_worker.native.checks.ram import count_active_agrees, merge_active_agrees
from amalgam_worker.native.checks.random_drop import drop_at_random_agrees, drop_by_rank_agrees
from amalgam_worker.native.checks.ranked_norms import ranked_norms_agree
from amalgam_worker.native.checks.sums import (
    dots_agree,
    group_dots_agree,
    group_sums_agree,
    row_dots_agree,
)
from amalgam_worker.native.checks.task_vectors import merge_agrees, norms_agree
from amalgam_worker.native.checks.top_k import (
    count_between_agrees,
    count_equal_agrees,
    count_low_bits_agrees,
    count_top_bits_agrees,
    keep_largest_agrees,
)
from amalgam_worker.native.checks.variance import (
    merge_selected_agrees,
    sift_variances_agrees,
    variance_agrees,
)
from amalgam_worker.native.combination import COMBINE
from amalgam_worker.native.differences import SUBTRACT
from amalgam_worker.native.election import ELECTION
from amalgam_worker.native.kernel import Call, Kernel
from amalgam_worker.native.near_swap import NEAR_SWAP
from amalgam_worker.native.ram import COUNT_ACTIVE, MERGE_ACTIVE
from amalgam_worker.native.random_drop import DROP_AT_RANDOM, DROP_BY_RANK
from amalgam_worker.native.ranked_norms import RANKED_NORMS
from amalgam_worker.native.sums import DOTS, GROUP_DOTS, GROUP_SUMS, ROW_DOTS
from amalgam_worker.native.task_vectors import MERGE_TASK_VECTORS, TASK_VECTOR_NORMS
from amalgam_worker.native.top_k import (
    COUNT_BETWEEN,
    COUNT_EQUAL,
    COUNT_LOW_BITS,
    COUNT_TOP_BITS,
    KEEP_LARGEST,
)
from amalgam_worker.native.variance import MERGE_SELECTED, SIFT_VARIANCES, VARIANCE

# Each is told a function, and whether that gives the bits of torch on values that are hard to get right.
TABLE: tuple[tuple[Kernel, Callable[[Call], bool]], ...] = (
    (TO_BFLOAT16, to_bfloat16_agrees),
    (TO_FLOAT16, to_float16_agrees),
    (ELECTION, election_agrees),
    (COUNT_BETWEEN, count_between_agrees),
    (KEEP_LARGEST, keep_largest_agrees),
    (COUNT_TOP_BITS, count_top_bits_agrees),
    (COUNT_LOW_BITS, count_low_bits_agrees),
    (COUNT_EQUAL, count_equal_agrees),
    (MERGE_TASK_VECTORS, merge_agrees),
    (TASK_VECTOR_NORMS, norms_agree),
    (DROP_AT_RANDOM, drop_at_random_agrees),
    (DROP_BY_RANK, drop_by_rank_agrees),
    (RANKED_NORMS, ranked_norms_agree),
    (GROUP_SUMS, group_sums_agree),
    (GROUP_DOTS, group_dots_agree),
    (DOTS, dots_agree),
    (ROW_DOTS, row_dots_agree),
    (COMBINE, combination_agrees),
    (SUBTRACT, differences_agree),
    (NEAR_SWAP, near_swap_agrees),
    (MERGE_ACTIVE, merge_active_agrees),
    (COUNT_ACTIVE, count_active_agrees),
    (VARIANCE, variance_agrees),
    (SIFT_VARIANCES, sift_variances_agrees),
    (MERGE_SELECTED, merge_selected_agrees),
)
