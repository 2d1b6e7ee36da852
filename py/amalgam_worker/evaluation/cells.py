"""Cells of examples, as text or as JSON values, checked."""

import ast
from math import isnan
from typing import Any

from .rows import CELL_LIMIT, Row

SHOWN_CHARACTERS = 60


def shown(value: object) -> str:
    """As Python writes it, short, and without escape sequences for a terminal."""
    if isinstance(value, str):
        return repr(value if len(value) <= SHOWN_CHARACTERS else value[: SHOWN_CHARACTERS - 1] + "…")
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


class CellFault(ValueError):
    """A cell that cannot be used, and what to write instead."""

    def __init__(self, column: str, value: object, problem: str, fix: str) -> None:
        super().__init__(f"column {column}: {problem}, not {shown(value)}")
        self.fix = fix


def is_missing(value: object) -> bool:
    """Whether there is no value; "nan" is how a data frame writes that."""
    if isinstance(value, str):
        return value.strip().lower() in ("", "nan")
    return value is None or (isinstance(value, float) and isnan(value))


def text_cell(row: Row, column: str) -> str:
    """Text that is not blank; a whole number is taken as text, which JSON allows for ids and answers."""
    value = row.cells.get(column)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or is_missing(value):
        raise CellFault(column, value, "must hold text", "fill the cell, or remove the row")
    if len(value) > CELL_LIMIT:
        problem = f"must be of up to {CELL_LIMIT:,} characters"
        raise CellFault(column, value, problem, "shorten it, or remove the row")
    return value


def choices_cell(row: Row) -> tuple[str, ...]:
    """Two choices or more, from a list or the text of a Python list."""
    value = row.cells.get("answer_choices")
    choices: Any = value
    fix = "write a Python list of strings: ['yes', 'no']"
    if isinstance(value, str):
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


def index_cell(row: Row, choices: int) -> int:
    """The target of a multiple choice: a place among so many choices, from 0."""
    value = row.cells.get("target")
    fix = f"write the place of the right choice, from 0 to {choices - 1}"
    # A bool is a mistake for one: 'True' in a CSV is no number either.
    digits = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if not (digits.isascii() and digits.removeprefix("-").isdigit()):
        raise CellFault("target", value, "must be a whole number", fix)
    # Ten digits are more than any list has places; int() itself refuses thousands of digits.
    if len(digits) > 10 or not 0 <= int(digits) < choices:
        raise CellFault("target", value, f"must be the index of one of {choices} choices", fix)
    return int(digits)
