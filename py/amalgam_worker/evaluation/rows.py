"""Rows of examples, from whichever source, and faults in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import WorkerError

COLUMNS = ("id", "input", "target", "answer_choices", "eval_type")
CELL_LIMIT = 1 << 20  # Characters.
LINE_LIMIT = 1 << 22  # Characters.


@dataclass(frozen=True, slots=True)
class Row:
    """`place` says where it is, for people; `cells` are by amalgam's names of the columns."""

    place: str
    cells: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Table:
    """`source` is a file or a data set; `found` are its columns, by its own names, and `head` their place.

    `names` gives its name of each of COLUMNS, and `numbered` says that a row without an id is known by its
    number, as in data sets.
    """

    source: str
    head: str
    found: Sequence[str]
    names: Mapping[str, str]
    rows: Sequence[Row]
    numbered: bool = False

    def has(self, column: str) -> bool:
        return self.names[column] in self.found


def source_names(task: str, renamed: Mapping[str, str]) -> dict[str, str]:
    """The source's name of each of COLUMNS; WorkerError `data-invalid` where another column is renamed."""
    for column in renamed:
        if column not in COLUMNS:
            message = f"task {task} renames a column {column!r}, which examples do not have"
            raise WorkerError("data-invalid", message, f"columns are {', '.join(COLUMNS)}")
    return {column: renamed.get(column, column) for column in COLUMNS}


def invalid(source: object, place: str, problem: str, fix: str) -> WorkerError:
    return WorkerError("data-invalid", f"{source}, {place}: {problem}", fix)


def unreadable(source: object, reason: str | None) -> WorkerError:
    message = f"cannot read the task's data file {source}: {reason}"
    return WorkerError("read-failed", message, "check the path in the task's file")
