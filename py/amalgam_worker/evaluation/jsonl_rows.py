"""Examples as JSON lines: one object per line."""

import json
from collections.abc import Mapping
from pathlib import Path

from .bounded_lines import bounded_lines
from .rows import Row, Table, invalid, unreadable

FIX = "write one JSON object per line, without NaN or Infinity"


def refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def parsed_object(path: Path, place: str, line: str) -> dict[str, object]:
    try:
        value = json.loads(line, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise invalid(path, place, f"not JSON: {error}", FIX) from error
    if not isinstance(value, dict):
        raise invalid(path, place, "not a JSON object", FIX)
    return value


def read_jsonl(path: Path, names: Mapping[str, str]) -> Table:
    """All rows of a UTF-8 file of JSON objects, one per line; empty lines are skipped.

    Errors: `data-invalid` with file, row and fix; `read-failed` where the file cannot be read.
    """
    found: dict[str, None] = {}
    rows: list[Row] = []
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(bounded_lines(file, path), start=1):
                if not line.strip():
                    continue
                place = f"row {len(rows) + 1} (line {number})"
                value = parsed_object(path, place, line)
                found.update(dict.fromkeys(value))
                rows.append(Row(place, {own: value[name] for own, name in names.items() if name in value}))
    except OSError as error:
        raise unreadable(path, error.strerror) from error
    return Table(str(path), "the keys of its lines", list(found), names, rows)
