"""A task's examples, from its source."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import WorkerError
from ..protocol import EvaluationTask, TaskData
from .csv_rows import read_csv
from .data_set_rows import read_data_set
from .examples import Example, GenerationExample, examples_of
from .jsonl_rows import read_jsonl
from .rows import Table, source_names
from .sample import sample


@dataclass(frozen=True, slots=True)
class ReadTask:
    """A task with the examples to score, in the source's order."""

    task: EvaluationTask
    examples: Sequence[Example]

    @property
    def generates(self) -> bool:
        return any(isinstance(example, GenerationExample) for example in self.examples)

    @property
    def has_targets(self) -> bool:
        """All examples have them, or none."""
        return self.examples[0].target is not None


def read_table(task: str, data: TaskData) -> Table:
    names = source_names(task, data.columns)
    if data.format == "csv":
        return read_csv(Path(data.source), names)
    if data.format == "jsonl":
        return read_jsonl(Path(data.source), names)
    return read_data_set(data, names)


def read_task(task: EvaluationTask, limit: int | None, seed: int | None) -> ReadTask:
    """The task with up to `limit` examples; the whole source is checked.

    Errors: `data-invalid`, `read-failed`, and for data sets `package-missing`.
    """
    if task.data is None or task.kind == "harness":
        raise WorkerError("data-invalid", f"task {task.name} has no data", "name its data file")
    examples = examples_of(read_table(task.name, task.data), task.kind, list(task.data.columns))
    read = ReadTask(task, sample(examples, [example.id for example in examples], limit, seed))
    if read.generates and task.max_generation_length is None:
        message = f"task {task.name} generates text and has no maximum generation length"
        raise WorkerError("data-invalid", message, "give the task a maximum generation length")
    return read
