from pathlib import Path

import pytest
from evaluation_data import COLUMNS, write_csv

from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation import csv_rows
from amalgam_worker.evaluation.examples import (
    GenerationExample,
    MultipleChoiceExample,
    generation_example,
    multiple_choice_example,
    read_examples,
)

GOOD = ("a", "what ?", "1", "['yes', 'no']", "multiple_choice")


def fault_of(path: Path, kind: str = "multiple_choice") -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        if kind == "multiple_choice":
            read_examples(path, multiple_choice_example)
        else:
            read_examples(path, generation_example)
    return caught.value


def with_cell(column: str, value: str) -> tuple[str, ...]:
    cells = list(GOOD)
    cells[COLUMNS.index(column)] = value
    return ("b", *cells[1:]) if column != "id" else tuple(cells)


def test_reads_both_kinds_of_examples(tmp_path: Path) -> None:
    awkward = ("b", 'a "quoted", cell\nof two lines', "0", "('é', \"it's\")", "multiple_choice")
    path = write_csv(tmp_path / "mc.csv", [GOOD, awkward])
    assert read_examples(path, multiple_choice_example) == [
        MultipleChoiceExample("a", "what ?", ("yes", "no"), 1),
        MultipleChoiceExample("b", 'a "quoted", cell\nof two lines', ("é", "it's"), 0),
    ]
    text = write_csv(tmp_path / "gen.csv", [("a", "sum it", "short", "", "generation")])
    assert read_examples(text, generation_example) == [GenerationExample("a", "sum it", "short")]


def test_columns_may_come_in_any_order_with_others_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mc.csv"
    header = "note,target,eval_type,answer_choices,input,id"
    path.write_text(f"{header}\n\nx,0,multiple_choice,\"['p', 'q']\",why,z\n", encoding="utf-8-sig")
    assert read_examples(path, multiple_choice_example) == [MultipleChoiceExample("z", "why", ("p", "q"), 0)]


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("target", "2", "must be the index of one of 2 choices"),
        ("target", "-1", "must be the index of one of 2 choices"),
        ("target", "9" * 5000, "must be the index of one of 2 choices"),
        ("target", "1.0", "must be a whole number"),
        ("target", "yes", "must be a whole number"),
        ("target", "²", "must be a whole number"),
        ("target", "", "must be a whole number"),
        ("target", "nan", "must be a whole number"),
        ("answer_choices", "['yes', 'no'", "must be a Python list literal"),
        ("answer_choices", "yes|no", "must be a Python list literal"),
        ("answer_choices", "", "must be a Python list literal"),
        ("answer_choices", "[nan, 'no']", "must be a Python list literal"),
        ("answer_choices", "__import__('os').getpid()", "must be a Python list literal"),
        ("answer_choices", "[" * 500 + "]" * 500, "must be a Python list literal"),
        ("answer_choices", "{'yes': 'no'}", "must be a list of strings"),
        ("answer_choices", "['yes', 1]", "must be a list of strings"),
        ("answer_choices", "['yes', '']", "must be a list of strings"),
        ("answer_choices", "['yes']", "must hold two choices or more"),
        ("input", "", "must hold text"),
        ("input", "NaN", "must hold text"),
        ("id", " ", "must hold text"),
        ("id", "a", "must differ from row 1's"),
        ("eval_type", "generation", "must be multiple_choice"),
    ],
)
def test_a_bad_cell_is_named_with_its_place_and_a_fix(
    tmp_path: Path, column: str, value: str, problem: str
) -> None:
    error = fault_of(write_csv(tmp_path / "mc.csv", [GOOD, with_cell(column, value)]))
    assert error.code == "data-invalid"
    start = f"{tmp_path / 'mc.csv'}, row 2 (line 3), column {column}: "
    assert error.message.startswith(start)
    assert problem in error.message
    assert repr(value)[1:20] in error.message
    assert len(error.message) < len(start) + 150
    assert error.hint


def test_escape_sequences_in_cells_are_shown_escaped(tmp_path: Path) -> None:
    error = fault_of(write_csv(tmp_path / "mc.csv", [with_cell("target", "\x1b[2J")]))
    assert "\x1b" not in error.message


def test_all_faulty_rows_are_counted(tmp_path: Path) -> None:
    rows = [with_cell("target", "7"), GOOD, with_cell("input", ""), with_cell("answer_choices", "x")]
    error = fault_of(write_csv(tmp_path / "mc.csv", rows))
    assert "row 1 (line 2)" in error.message
    assert error.message.endswith("(2 more rows have faults)")


def test_a_generation_needs_a_target(tmp_path: Path) -> None:
    error = fault_of(write_csv(tmp_path / "gen.csv", [("a", "sum it", "", "", "generation")]), "generation")
    assert "column target: must hold text" in error.message


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"id,input,target,answer_choices,eval_type\n", "no examples below the header"),
        (b"id,input,answer_choices,eval_type\na,b,c,d\n", "no column target"),
        (b"id,id,input,target,answer_choices,eval_type\na,a,b,c,d,e\n", "column id occurs twice"),
        (
            b"id,input,target,answer_choices,eval_type\na,b,0\n",
            "row 1 (line 2): 3 cells where the header has 5",
        ),
        (b'id,input,target,answer_choices,eval_type\na,"b,0,c,d\n', "unexpected end of data"),
        (b"id,input,target,answer_choices,eval_type\na,\xff,0,c,d\n", "not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_table_of_examples(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    error = fault_of(path)
    assert (error.code, bool(error.hint)) == ("data-invalid", True)
    assert str(path) in error.message
    assert problem in error.message


def test_a_missing_file_cannot_be_read(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "absent.csv").code == "read-failed"


@pytest.mark.parametrize(
    ("characters", "place"),
    [
        (csv_rows.CELL_LIMIT + 1, "field larger than field limit"),
        (csv_rows.LINE_LIMIT + 1, "line 2: longer than"),
    ],
)
def test_an_endless_cell_is_refused(tmp_path: Path, characters: int, place: str) -> None:
    error = fault_of(write_csv(tmp_path / "mc.csv", [with_cell("input", "x" * characters)]))
    assert error.code == "data-invalid"
    assert place in error.message


def test_reading_stops_at_the_limit_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(b"id,input,target,answer_choices,eval_type\na,")
        file.truncate(1 << 33)  # Sparse: 8 GiB of NUL without a line end.
    assert "line 2: longer than" in fault_of(path).message
