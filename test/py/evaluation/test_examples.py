from pathlib import Path

import pytest
from evaluation_data import COLUMNS, write_csv

from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation import rows
from amalgam_worker.evaluation.csv_rows import read_csv
from amalgam_worker.evaluation.examples import (
    Example,
    GenerationExample,
    Kind,
    MultipleChoiceExample,
    examples_of,
)
from amalgam_worker.evaluation.rows import source_names

GOOD = ("a", "what ?", "1", "['yes', 'no']", "multiple_choice")


def examples_in(
    path: Path, kind: Kind = "multiple_choice", columns: dict[str, str] | None = None
) -> list[Example]:
    renamed = columns or {}
    return examples_of(read_csv(path, source_names("task", renamed)), kind, list(renamed))


def fault_of(
    path: Path, kind: Kind = "multiple_choice", columns: dict[str, str] | None = None
) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        examples_in(path, kind, columns)
    return caught.value


def with_cell(column: str, value: str) -> tuple[str, ...]:
    cells = list(GOOD)
    cells[COLUMNS.index(column)] = value
    return ("b", *cells[1:]) if column != "id" else tuple(cells)


def test_reads_both_kinds_of_examples(tmp_path: Path) -> None:
    awkward = ("b", 'a "quoted", cell\nof two lines', "0", "('é', \"it's\")", "multiple_choice")
    path = write_csv(tmp_path / "mc.csv", [GOOD, awkward])
    assert examples_in(path) == [
        MultipleChoiceExample("a", "what ?", ("yes", "no"), 1),
        MultipleChoiceExample("b", 'a "quoted", cell\nof two lines', ("é", "it's"), 0),
    ]
    text = write_csv(tmp_path / "gen.csv", [("a", "sum it", "short", "", "generation")])
    assert examples_in(text, "generation") == [GenerationExample("a", "sum it", "short")]


def test_columns_may_come_in_any_order_with_others_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "mc.csv"
    header = "note,target,eval_type,answer_choices,input,id"
    path.write_text(f"{header}\n\nx,0,multiple_choice,\"['p', 'q']\",why,z\n", encoding="utf-8-sig")
    assert examples_in(path) == [MultipleChoiceExample("z", "why", ("p", "q"), 0)]


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mc.csv", [GOOD], ("key", "question", "label", "options", "eval_type"))
    names = {"id": "key", "input": "question", "target": "label", "answer_choices": "options"}
    assert examples_in(path, columns=names) == [MultipleChoiceExample("a", "what ?", ("yes", "no"), 1)]
    assert "no column Label" in fault_of(path, columns={**names, "target": "Label"}).message


def test_only_columns_of_examples_can_be_renamed() -> None:
    with pytest.raises(WorkerError, match="renames a column 'answer'") as caught:
        source_names("facts", {"answer": "label"})
    assert caught.value.code == "data-invalid"


def test_rows_may_each_have_their_kind(tmp_path: Path) -> None:
    """As the starter kit's test.csv: no targets, and no choices where text is generated."""
    header = ("id", "input", "eval_type", "answer_choices")
    rows = [("a", "what ?", "multiple_choice", "['yes', 'no']"), ("b", "sum it", "generation", "")]
    path = write_csv(tmp_path / "test.csv", rows, header)
    assert examples_in(path, "by_row") == [
        MultipleChoiceExample("a", "what ?", ("yes", "no"), None),
        GenerationExample("b", "sum it", None),
    ]
    bad = write_csv(tmp_path / "bad.csv", [("a", "what ?", "ranking", "['yes', 'no']")], header)
    message = fault_of(bad, "by_row").message
    assert "row 1 (line 2), column eval_type: must be multiple_choice or generation, not 'ranking'" in message


@pytest.mark.parametrize("empty", ["", " ", "nan"])
def test_without_any_target_there_are_predictions_only(tmp_path: Path, empty: str) -> None:
    rows = [with_cell("target", empty), (*GOOD[:2], empty, *GOOD[3:])]
    assert [one.target for one in examples_in(write_csv(tmp_path / "mc.csv", rows))] == [None, None]
    texts = [("a", "sum it", empty, "", "generation")]
    path = write_csv(tmp_path / "gen.csv", texts)
    assert examples_in(path, "generation") == [GenerationExample("a", "sum it", None)]


@pytest.mark.parametrize("empty", ["", "nan"])
def test_a_target_that_only_some_rows_lack_is_a_fault(tmp_path: Path, empty: str) -> None:
    error = fault_of(write_csv(tmp_path / "mc.csv", [GOOD, with_cell("target", empty)]))
    assert "row 2 (line 3), column target: must be there, as in other rows" in error.message
    assert "predictions without scores" in str(error.hint)


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("target", "2", "must be the index of one of 2 choices"),
        ("target", "-1", "must be the index of one of 2 choices"),
        ("target", "9" * 5000, "must be the index of one of 2 choices"),
        ("target", "1.0", "must be a whole number"),
        ("target", "yes", "must be a whole number"),
        ("target", "²", "must be a whole number"),
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
        ("id", "a", "must differ from that of row 1"),
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


def test_faulty_rows_are_listed_up_to_ten_and_counted(tmp_path: Path) -> None:
    rows = [with_cell("target", "7"), GOOD, with_cell("input", ""), with_cell("answer_choices", "x")]
    lines = fault_of(write_csv(tmp_path / "mc.csv", rows)).message.split("\n")
    places = [
        "row 1 (line 2), column target",
        "row 3 (line 4), column input",
        "row 4 (line 5), column answer",
    ]
    assert len(lines) == len(places)
    assert all(place in line for place, line in zip(places, lines, strict=True))
    many = [(str(number), *GOOD[1:3], "x", GOOD[4]) for number in range(25)]
    lines = fault_of(write_csv(tmp_path / "mc.csv", many)).message.split("\n")
    assert len(lines) == 11
    assert lines[-1] == "and 15 more rows have faults"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"id,input,target,answer_choices,eval_type\n", "line 1: no examples"),
        (b"id,target,answer_choices,eval_type\na,b,c,d\n", "line 1: no column input (found: 'id', 'target'"),
        (b"input,target\na,b\n", "line 1: no column id, answer_choices"),
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
        (rows.CELL_LIMIT + 1, "field larger than field limit"),
        (rows.LINE_LIMIT + 1, "line 2: longer than"),
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
