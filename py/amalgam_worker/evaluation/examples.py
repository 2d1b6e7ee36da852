"""Examples of a task, read from the starter kit's CSV form and checked before a model is loaded."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..errors import WorkerError
from .csv_rows import Row, read_rows

COLUMNS = ("id", "input", "target", "answer_choices", "eval_type")
SHOWN_CHARACTERS = 60


@dataclass(frozen=True, slots=True)
class MultipleChoiceExample:
    """`target` is the index of the right choice, from 0."""

    id: str
    input: str
    choices: tuple[str, ...]
    target: int


@dataclass(frozen=True, slots=True)
class GenerationExample:
    id: str
    input: str
    target: str


Example = TypeVar("Example", MultipleChoiceExample, GenerationExample)


class CellFault(ValueError):
    """A cell that cannot be used, and what to write instead."""

    def __init__(self, column: str, value: str, problem: str, fix: str) -> None:
        shown = value if len(value) <= SHOWN_CHARACTERS else value[: SHOWN_CHARACTERS - 1] + "…"
        super().__init__(f"column {column}: {problem}, not {shown!r}")
        self.fix = fix


def text_cell(row: Row, column: str) -> str:
    value = row.cells[column]
    # "nan" is how a missing value looks after a round trip through a data frame.
    if not value.strip() or value.strip().lower() == "nan":
        raise CellFault(column, value, "must hold text", "fill the cell, or remove the row")
    return value


def choices_cell(row: Row) -> tuple[str, ...]:
    value = row.cells["answer_choices"]
    fix = "write a Python list of strings: ['yes', 'no']"
    try:
        choices = ast.literal_eval(value.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
        raise CellFault("answer_choices", value, "must be a Python list literal", fix) from error
    listed = isinstance(choices, (list, tuple))
    if not listed or not all(isinstance(choice, str) and choice for choice in choices):
        raise CellFault("answer_choices", value, "must be a list of strings that are not empty", fix)
    if len(choices) < 2:
        raise CellFault("answer_choices", value, "must hold two choices or more", fix)
    return tuple(choices)


def target_cell(row: Row, choices: int) -> int:
    value = row.cells["target"]
    fix = f"write the place of the right choice, from 0 to {choices - 1}"
    digits = value.strip()
    if not (digits.isascii() and digits.removeprefix("-").isdigit()):
        raise CellFault("target", value, "must be a whole number", fix)
    # Ten digits are more than any list has places; int() itself refuses thousands of digits.
    if len(digits) > 10 or not 0 <= int(digits) < choices:
        raise CellFault("target", value, f"must be the index of one of {choices} choices", fix)
    return int(digits)


def check_eval_type(row: Row, kind: str) -> None:
    value = row.cells["eval_type"]
    if value.strip() != kind:
        fix = f"A task has one kind of examples: write {kind}, or change the task's kind"
        raise CellFault("eval_type", value, f"must be {kind}", fix)


def multiple_choice_example(row: Row) -> MultipleChoiceExample:
    check_eval_type(row, "multiple_choice")
    choices = choices_cell(row)
    return MultipleChoiceExample(
        text_cell(row, "id"), text_cell(row, "input"), choices, target_cell(row, len(choices))
    )


def generation_example(row: Row) -> GenerationExample:
    check_eval_type(row, "generation")
    return GenerationExample(text_cell(row, "id"), text_cell(row, "input"), text_cell(row, "target"))


def read_examples(path: Path, example_of: Callable[[Row], Example]) -> list[Example]:
    """Every example of the file, in its order.

    Errors: `data-invalid` with file, row, column, value and fix of the first fault, and the number of faulty
    rows; `read-failed` where the file cannot be read.
    """
    examples: list[Example] = []
    faults: list[tuple[Row, CellFault]] = []
    first_row: dict[str, Row] = {}
    for row in read_rows(path, COLUMNS):
        try:
            example = example_of(row)
            earlier = first_row.setdefault(example.id, row)
            if earlier is not row:
                problem, fix = f"must differ from row {earlier.number}'s", "give every row its own id"
                raise CellFault("id", example.id, problem, fix)
            examples.append(example)
        except CellFault as fault:
            faults.append((row, fault))
    if faults:
        row, first = faults[0]
        others = f" ({len(faults) - 1} more rows have faults)" if len(faults) > 1 else ""
        message = f"{path}, row {row.number} (line {row.line}), {first}{others}"
        raise WorkerError("data-invalid", message, first.fix)
    return examples
