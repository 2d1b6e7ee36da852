"""Model Breadcrumbs: task vectors without their largest and their smallest entries."""

from __future__ import annotations

from dataclasses import replace

import torch

from amalgam_worker.methods.cuts import cut_reductions, keep_before
from amalgam_worker.methods.method import Chunk, Method, Parameters, Statistics
from amalgam_worker.methods.sparsify import Sparsifier, thinned, thinned_deltas
from amalgam_worker.methods.task_arithmetic import Election, elect_by_weight, family_member
from amalgam_worker.native import task_vectors as native
from amalgam_worker.native.task_vectors import Thinning


def ranks(place: int, size: int, parameters: Parameters) -> list[int]:
    """How many largest entries of a thinned task vector lie before what is kept and its end."""
    number = thinned(parameters)[place]
    kept = int(parameters.each("density")[number] * size)
    outliers = min(int(parameters.each("gamma")[number] * size), size - kept)
    return [outliers, outliers + kept]


def apply(
    chunk: Chunk, number: int, delta: torch.Tensor, statistics: Statistics, parameters: Parameters
) -> None:
    """Zeroes what lies before the first cut and after the second."""
    outliers, kept = statistics["cuts"][thinned(parameters).index(number)]
    keep_before(delta, kept, chunk)
    largest = chunk.take("largest").copy_(delta)
    keep_before(largest, outliers, chunk)
    delta.sub_(largest)


def described(chunk: Chunk, number: int, statistics: Statistics, parameters: Parameters) -> Thinning:
    """What `apply` does, for a compiled kernel."""
    outliers, kept = statistics["cuts"][thinned(parameters).index(number)].tolist()
    return Thinning(native.BETWEEN, kept, outliers)


# Of n entries the int(gamma * n) of largest magnitude go, then the smallest until int(density * n) are left;
# fewer outliers go where too few would be left. Equal magnitudes are in the order of their indices.
# Source: Davari & Belilovsky 2023, arXiv:2312.06795, section 3.
BETWEEN = Sparsifier(cut_reductions(thinned_deltas, ranks, sampled=True, of_inputs=thinned), apply, described)


def breadcrumbs(elect: Election | None) -> Method:
    """The member of the task-arithmetic family; each input has its share of outliers, `gamma`."""
    member = family_member(BETWEEN, elect=elect)
    return replace(member, per_input=(*member.per_input, "gamma"))


BREADCRUMBS = breadcrumbs(None)
BREADCRUMBS_TIES = breadcrumbs(elect_by_weight)
