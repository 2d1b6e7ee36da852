"""Examples in the starter kit's form: a CSV file with a header."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from .bounded_lines import bounded_lines
from .rows import CELL_LIMIT, Row, Table, invalid, unreadable

HEAD = "line 1"


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


def places_of(path: Path, header: list[str], names: Mapping[str, str]) -> dict[str, int]:
    """Where the columns are that the header has."""
    for name in names.values():
        if header.count(name) > 1:
            raise invalid(path, HEAD, f"column {name} occurs twice", "remove or rename one of them")
    return {column: header.index(name) for column, name in names.items() if name in header}


def table(file: TextIO, path: Path, names: Mapping[str, str]) -> Table:
    lines = parsed_rows(file, path)
    first = next(lines, None)
    if first is None:
        fix = f"write the header {','.join(names.values())} and examples"
        raise invalid(path, HEAD, "the file is empty", fix)
    header = first[1]
    places = places_of(path, header, names)
    rows = []
    for number, (line, cells) in enumerate(lines, start=1):
        place = f"row {number} (line {line})"
        if len(cells) != len(header):
            problem = f"{len(cells)} cells where the header has {len(header)}"
            fix = "quote cells that hold a comma, and double the quotes inside them"
            raise invalid(path, place, problem, fix)
        rows.append(Row(place, {column: cells[index] for column, index in places.items()}))
    return Table(str(path), HEAD, header, names, rows)


def read_csv(path: Path, names: Mapping[str, str]) -> Table:
    """All data rows of a UTF-8 CSV file; empty lines are skipped.

    Errors: `data-invalid` with file, row and fix; `read-failed` where the file cannot be read.
    """
    previous = csv.field_size_limit(CELL_LIMIT)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return table(file, path, names)
    except OSError as error:
        raise unreadable(path, error.strerror) from error
    finally:
        csv.field_size_limit(previous)
