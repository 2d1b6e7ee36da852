"""Tasks of lm-evaluation-harness, with their data, ready to be run."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch

from ..errors import WorkerError
from ..protocol import EvaluationTask, HarnessTask
from .packages import quiet, require_lm_eval
from .sample import sample

# As its command line has it, so that the same examples are shown before a question.
FEW_SHOT_SEED = 1234


@dataclass(frozen=True, slots=True)
class HarnessTasks:
    """`loaded` is what its TaskManager gave: one task, or those of a group; `samples` are places in each."""

    task: EvaluationTask
    loaded: dict[str, Any]
    samples: dict[str, list[int]]


def harness_of(task: EvaluationTask) -> HarnessTask:
    if task.harness is None:
        message = f"task {task.name} does not name a task of lm-evaluation-harness"
        raise WorkerError("data-invalid", message, "name it, as in lm_eval:arc_easy")
    return task.harness


def managers_of(harness: HarnessTask) -> Iterator[Any]:
    """One that knows the given folder alone, which is quick, then one that knows all tasks."""
    folder = harness.include_path
    if folder is not None and not Path(folder).is_dir():
        message = f"there is no folder {folder}, which should hold tasks of lm-evaluation-harness"
        raise WorkerError("read-failed", message, "check the task's include path")
    make = require_lm_eval().tasks.TaskManager
    if folder is not None:
        yield make(include_path=folder, include_defaults=False)
    yield make(include_path=folder)


def load_failure(harness: HarnessTask, error: Exception) -> WorkerError:
    reason = str(error).strip().split("\n")[0] or type(error).__name__
    message = f"lm-evaluation-harness cannot load {harness.task}: {reason}"
    hint = "its data comes from the Hub: check the network, and HF_TOKEN for gated data"
    return WorkerError("read-failed", message, hint)


def loaded_by_name(harness: HarnessTask) -> dict[str, Any]:
    known: list[str] = []
    failed: WorkerError | None = None
    for manager in managers_of(harness):
        known = manager.all_tasks
        if harness.task not in known:
            continue
        try:
            loaded: dict[str, Any] = manager.load([harness.task])
            return loaded
        # A group may name tasks that only the next manager knows.
        except Exception as error:
            failed = load_failure(harness, error)
    if failed is not None:
        raise failed
    close = get_close_matches(harness.task, known, 3)
    hint = f"did you mean {' or '.join(close)}?" if close else "`lm_eval ls tasks` lists those it has"
    raise WorkerError("data-invalid", f"lm-evaluation-harness has no task {harness.task}", hint)


def set_few_shot(task: Any, asked: int | None) -> None:
    """As its command line does it: a task that sets 0 keeps it."""
    own = task.get_config("num_fewshot")
    if asked is None and own is None:
        task.set_config(key="num_fewshot", value=0)
    elif asked is not None and own != 0:
        task.set_config(key="num_fewshot", value=asked)
    task.set_fewshot_seed(seed=FEW_SHOT_SEED)


def load_harness_task(task: EvaluationTask, limit: int | None, seed: int | None) -> HarnessTasks:
    """The task by its name there, with its data, which it may have to fetch.

    Errors: `package-missing`; `data-invalid` for a name that it does not know; `read-failed` where it cannot
    load the task or its data.
    """
    harness = harness_of(task)
    with quiet():
        random.seed(0)
        torch.manual_seed(0)
        loaded = loaded_by_name(harness)
        samples = {}
        for name, one in loaded["tasks"].items():
            set_few_shot(one, harness.few_shot)
            places = range(len(one.eval_docs))
            samples[name] = sample(places, [str(place) for place in places], limit, seed)
    return HarnessTasks(task, loaded, samples)
