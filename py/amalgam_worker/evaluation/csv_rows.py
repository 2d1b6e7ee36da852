"""Reads a CSV file of any size safely: a cell or line that is too long is a fault, never a full memory."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from ..errors import WorkerError

CELL_LIMIT = 1 << 20  # Characters.
LINE_LIMIT = 1 << 22  # Characters.


@dataclass(frozen=True, slots=True)
class Row:
    """`number` counts data rows from 1; `line` is the line of the file on which the row ends, from 1."""

    number: int
    line: int
    cells: dict[str, str]


def invalid(path: Path, place: str, problem: str, fix: str) -> WorkerError:
    return WorkerError("data-invalid", f"{path}, {place}: {problem}", fix)


def bounded_lines(file: TextIO, path: Path) -> Iterator[str]:
    number = 0
    try:
        while line := file.readline(LINE_LIMIT + 1):
            number += 1
            if len(line) > LINE_LIMIT:
                problem, fix = f"longer than {LINE_LIMIT:,} characters", "check that this is a CSV file"
                raise invalid(path, f"line {number}", problem, fix)
            yield line
    except UnicodeDecodeError as error:
        raise invalid(path, f"after line {number}", "not UTF-8 text", "save the file as UTF-8") from error


def checked_header(path: Path, header: list[str], columns: tuple[str, ...]) -> list[str]:
    missing = [column for column in columns if column not in header]
    if missing:
        problem = f"no column {', '.join(missing)} (found: {', '.join(map(repr, header))[:200]})"
        raise invalid(path, "line 1", problem, f"the header line must hold {','.join(columns)}")
    for column in columns:
        if header.count(column) > 1:
            raise invalid(path, "line 1", f"column {column} occurs twice", "remove or rename one of them")
    return header


def parsed_rows(file: TextIO, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Cells of every line that is not empty, with the number of the line on which they end."""
    reader = csv.reader(bounded_lines(file, path), strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        fix = f"check the quotes from here on; a cell may hold up to {CELL_LIMIT:,} characters"
        raise invalid(path, f"line {reader.line_num}", str(error), fix) from error


def table(file: TextIO, path: Path, columns: tuple[str, ...]) -> list[Row]:
    lines = parsed_rows(file, path)
    first = next(lines, None)
    if first is None:
        fix = f"write the header {','.join(columns)} and examples"
        raise invalid(path, "line 1", "the file is empty", fix)
    header = checked_header(path, first[1], columns)
    rows = []
    for number, (line, cells) in enumerate(lines, start=1):
        if len(cells) != len(header):
            problem = f"{len(cells)} cells where the header has {len(header)}"
            fix = "quote cells that hold a comma, and double the quotes inside them"
            raise invalid(path, f"row {number} (line {line})", problem, fix)
        rows.append(Row(number, line, dict(zip(header, cells, strict=True))))
    return rows


def read_rows(path: Path, columns: tuple[str, ...]) -> list[Row]:
    """All data rows of a UTF-8 CSV file whose header holds `columns`; empty lines are skipped.

    Errors: `data-invalid` with file, row and fix; `read-failed` where the file cannot be read.
    """
    previous = csv.field_size_limit(CELL_LIMIT)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = table(file, path, columns)
    except OSError as error:
        message = f"cannot read the task's data file {path}: {error.strerror}"
        raise WorkerError("read-failed", message, "check the path in the task's file") from error
    finally:
        csv.field_size_limit(previous)
    if not rows:
        raise invalid(path, "line 2", "no examples below the header", "add at least one example")
    return rows
