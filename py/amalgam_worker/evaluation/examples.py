"""Examples of a task, taken from a table and checked before a model is loaded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import WorkerError
from .cells import CellFault, choices_cell, index_cell, is_missing, text_cell
from .rows import Row, Table, invalid

KINDS = ("multiple_choice", "generation")
LISTED_FAULTS = 10

Kind = Literal["multiple_choice", "generation", "by_row"]


@dataclass(frozen=True, slots=True)
class MultipleChoiceExample:
    """`target` is the index of the right choice, from 0, or None where it is not told."""

    id: str
    input: str
    choices: tuple[str, ...]
    target: int | None


@dataclass(frozen=True, slots=True)
class GenerationExample:
    id: str
    input: str
    target: str | None


Example = MultipleChoiceExample | GenerationExample


def row_kind(row: Row, kind: Kind) -> str:
    value = row.cells.get("eval_type")
    own = value.strip() if isinstance(value, str) else value
    if kind == "by_row":
        if own not in KINDS:
            raise CellFault("eval_type", value, f"must be {' or '.join(KINDS)}", "write one of the two")
        return str(own)
    if "eval_type" in row.cells and own != kind:
        fix = f"write {kind}, or change the task's kind: by_row takes both"
        raise CellFault("eval_type", value, f"must be {kind}", fix)
    return kind


def check_target(row: Row) -> None:
    value = row.cells.get("target")
    if is_missing(value):
        fix = "write it, or empty the whole column to get predictions without scores"
        raise CellFault("target", value, "must be there, as in other rows", fix)


def example_of(row: Row, kind: Kind, targets: bool, number: int | None) -> Example:
    own = row_kind(row, kind)
    key = text_cell(row, "id") if number is None or "id" in row.cells else str(number)
    text = text_cell(row, "input")
    if own == "multiple_choice":
        choices = choices_cell(row)
        if not targets:
            return MultipleChoiceExample(key, text, choices, None)
        check_target(row)
        return MultipleChoiceExample(key, text, choices, index_cell(row, len(choices)))
    if not targets:
        return GenerationExample(key, text, None)
    check_target(row)
    return GenerationExample(key, text, text_cell(row, "target"))


def check_columns(table: Table, kind: Kind, renamed: Sequence[str]) -> None:
    needed = [
        "input",
        *(() if table.numbered else ("id",)),
        *(() if kind == "generation" else ("answer_choices",)),
        *(("eval_type",) if kind == "by_row" else ()),
        *renamed,
    ]
    missing = [table.names[column] for column in dict.fromkeys(needed) if not table.has(column)]
    if missing:
        found = ", ".join(map(repr, table.found))[:200]
        problem = f"no column {', '.join(missing)} (found: {found})"
        raise invalid(table.source, table.head, problem, "add the column, or name the task's `columns`")


def faults_error(source: str, faults: Sequence[tuple[Row, CellFault]]) -> WorkerError:
    """Every fault on a line of its own, up to ten."""
    lines = [f"{row.place}, {fault}" for row, fault in faults[:LISTED_FAULTS]]
    if len(faults) > len(lines):
        lines.append(f"and {len(faults) - len(lines)} more rows have faults")
    return WorkerError("data-invalid", f"{source}, " + "\n".join(lines), faults[0][1].fix)


def examples_of(table: Table, kind: Kind, renamed: Sequence[str] = ()) -> list[Example]:
    """Every example, in the table's order; without any target, examples to predict only.

    Errors: `data-invalid` with source, row, column and value of up to ten faults, and the first one's fix.
    """
    if table.found:
        check_columns(table, kind, renamed)
    if not table.rows:
        raise invalid(table.source, table.head, "no examples", "add at least one example")
    targets = any(not is_missing(row.cells.get("target")) for row in table.rows)
    examples: list[Example] = []
    faults: list[tuple[Row, CellFault]] = []
    first: dict[str, Row] = {}
    for number, row in enumerate(table.rows):
        try:
            example = example_of(row, kind, targets, number if table.numbered else None)
            earlier = first.setdefault(example.id, row)
            if earlier is not row:
                problem, fix = f"must differ from that of {earlier.place}", "give every row its own id"
                raise CellFault("id", example.id, problem, fix)
            examples.append(example)
        except CellFault as fault:
            faults.append((row, fault))
    if faults:
        raise faults_error(table.source, faults)
    return examples
