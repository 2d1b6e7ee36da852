"""Lines of a text file of any size, read safely: a line that is too long is a fault, never a full memory."""

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from .rows import LINE_LIMIT, invalid


def bounded_lines(file: TextIO, path: Path) -> Iterator[str]:
    """Errors: `data-invalid` with the number of a line that is too long, or after which no UTF-8 follows."""
    number = 0
    try:
        while line := file.readline(LINE_LIMIT + 1):
            number += 1
            if len(line) > LINE_LIMIT:
                problem = f"longer than {LINE_LIMIT:,} characters"
                raise invalid(path, f"line {number}", problem, "check that this is a file of examples")
            yield line
    except UnicodeDecodeError as error:
        raise invalid(path, f"after line {number}", "not UTF-8 text", "save the file as UTF-8") from error
