import json
from pathlib import Path

import pytest
from evaluation_data import write_jsonl

from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation.examples import (
    Example,
    GenerationExample,
    Kind,
    MultipleChoiceExample,
    examples_of,
)
from amalgam_worker.evaluation.jsonl_rows import read_jsonl
from amalgam_worker.evaluation.rows import source_names

GOOD: dict[str, object] = {"id": "a", "input": "what ?", "target": 1, "answer_choices": ["yes", "no"]}


def examples_in(path: Path, kind: Kind = "multiple_choice", **columns: str) -> list[Example]:
    return examples_of(read_jsonl(path, source_names("task", columns)), kind, list(columns))


def fault_of(path: Path) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        examples_in(path)
    return caught.value


def test_reads_values_of_json_and_the_cells_of_the_csv_form(tmp_path: Path) -> None:
    other = {"id": 7, "input": "é\n", "target": "0", "answer_choices": "['p', 'q']", "note": None}
    path = write_jsonl(tmp_path / "mc.jsonl", [GOOD, other])
    path.write_text("\n" + path.read_text(), encoding="utf-8-sig")
    assert examples_in(path) == [
        MultipleChoiceExample("a", "what ?", ("yes", "no"), 1),
        MultipleChoiceExample("7", "é\n", ("p", "q"), 0),
    ]


def test_keys_may_have_other_names(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "gen.jsonl", [{"id": "a", "document": "long", "summary": "short"}])
    assert examples_in(path, "generation", input="document", target="summary") == [
        GenerationExample("a", "long", "short")
    ]


def test_a_target_of_null_is_none(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "mc.jsonl", [{**GOOD, "target": None}])
    assert examples_in(path) == [MultipleChoiceExample("a", "what ?", ("yes", "no"), None)]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"target": True}, "column target: must be a whole number, not True"),
        ({"target": 1.0}, "column target: must be a whole number, not 1.0"),
        ({"target": 2}, "column target: must be the index of one of 2 choices, not 2"),
        ({"answer_choices": {"text": ["yes", "no"]}}, "column answer_choices: must be a list of strings"),
        ({"answer_choices": ["yes", 1]}, "column answer_choices: must be a list of strings"),
        ({"answer_choices": ["yes"]}, "column answer_choices: must hold two choices or more"),
        ({"input": ["what ?"]}, "column input: must hold text, not ['what ?']"),
        ({"input": None}, "column input: must hold text, not None"),
        ({"input": "x" * (1 << 21)}, "column input: must be of up to 1,048,576 characters, not 'xxx"),
        ({"id": False}, "column id: must hold text, not False"),
        ({"id": "a"}, "column id: must differ from that of row 1 (line 1), not 'a'"),
        ({"eval_type": "generation"}, "column eval_type: must be multiple_choice, not 'generation'"),
    ],
)
def test_a_bad_value_is_named_with_its_place(
    tmp_path: Path, changes: dict[str, object], problem: str
) -> None:
    path = write_jsonl(tmp_path / "mc.jsonl", [GOOD, {**GOOD, "id": "b", **changes}])
    error = fault_of(path)
    assert (error.code, bool(error.hint)) == ("data-invalid", True)
    assert error.message.startswith(f"{path}, row 2 (line 2), {problem}")
    assert len(error.message) < len(str(path)) + 180


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    short = {key: value for key, value in GOOD.items() if key != "input"}
    assert "the keys of its lines: no column input" in fault_of(write_jsonl(tmp_path / "a", [short])).message
    some = fault_of(write_jsonl(tmp_path / "b", [GOOD, {**short, "id": "b"}]))
    assert "row 2 (line 2), column input: must hold text" in some.message


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"id": "b", "input"', "row 2 (line 2): not JSON"),
        (b'["b"]', "row 2 (line 2): not a JSON object"),
        (b'{"id": NaN}', "row 2 (line 2): not JSON: NaN is not JSON"),
        (b'{"target": -Infinity}', "row 2 (line 2): not JSON: -Infinity is not JSON"),
        (b'{"id": ' + b"9" * 5000 + b"}", "row 2 (line 2): not JSON"),
        (b"[" * 200_000, "row 2 (line 2): not JSON"),
        (b'{"id": "\xff"}', "after line"),
        (b'"' + b"x" * (1 << 22), "line 2: longer than"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: bytes, problem: str) -> None:
    path = tmp_path / "mc.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n" + line + b"\n")
    error = fault_of(path)
    assert (error.code, bool(error.hint)) == ("data-invalid", True)
    assert f"{path}, {problem}" in error.message


def test_an_empty_file_has_no_examples(tmp_path: Path) -> None:
    path = tmp_path / "mc.jsonl"
    path.write_text("\n")
    assert "no examples" in fault_of(path).message


def test_a_missing_file_cannot_be_read(tmp_path: Path) -> None:
    assert fault_of(tmp_path / "absent.jsonl").code == "read-failed"


def test_reading_stops_at_the_limit_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "huge.jsonl"
    with path.open("wb") as file:
        file.write(b'{"id": "')
        file.truncate(1 << 33)  # Sparse: 8 GiB of NUL without a line end.
    assert "line 1: longer than" in fault_of(path).message
