"""One merged update of a weight, in the mode that the plan says."""

from __future__ import annotations

from collections.abc import Callable

from amalgam_worker.adapters.concat_mode import concatenate
from amalgam_worker.adapters.core_mode import merge_in_core
from amalgam_worker.adapters.delta_mode import merge_deltas
from amalgam_worker.adapters.factor_mode import merge_factors
from amalgam_worker.adapters.factors import Factors
from amalgam_worker.adapters.updates import Updates, read_updates
from amalgam_worker.protocol import AdapterMode, AdapterStep, Plan
from amalgam_worker.tensors.reader import InputFiles

_MODES: dict[AdapterMode, Callable[[Updates], Factors]] = {
    "delta": merge_deltas,
    "factor": merge_factors,
    "concat": concatenate,
    "core": merge_in_core,
    "svd": merge_in_core,
}


def merge_updates(plan: Plan, step: AdapterStep, files: InputFiles) -> Factors:
    """Reads the updates of a step and merges them, on the CPU. Raises WorkerError: read-failed."""
    return _MODES[step.mode](read_updates(plan, step, files))
