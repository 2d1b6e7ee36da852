"""The strict decoder, on the corpus that the host reads too, and where JSON and Python disagree."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amalgam_worker import protocol, wire
from amalgam_worker.protocol import Estimate, Operation, Plan, Step, TensorRange

CORPUS = Path(__file__).resolve().parents[1] / "fixtures" / "protocol"
FILES = sorted(CORPUS.glob("*/*.json"))
TENSOR = {"file": 0, "offset": 8, "bytes": 4, "dtype": "F32", "shape": [1]}


def kind_of(path: Path) -> Any:
    return getattr(protocol, path.parent.name)


def same_json(one: Any, other: Any) -> bool:
    """Equality in which a boolean is no number, but 1 is 1.0, as in JSON."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same_json(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same_json, one, other))
    return bool(one == other)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_corpus(path: Path) -> None:
    value = wire.parse(path.read_bytes())
    if path.name.startswith("valid-"):
        decoded = wire.decode(kind_of(path), value)
        assert same_json(wire.encode(decoded), value)
        json.dumps(wire.encode(decoded), allow_nan=False)
    else:
        with pytest.raises(wire.WireError):
            wire.decode(kind_of(path), value)


def test_every_type_of_the_protocol_is_in_the_corpus() -> None:
    types = {
        name for name in vars(protocol) if name[0].isupper() and not name.isupper() and name != "Literal"
    }
    assert {path.parent.name for path in FILES if path.name.startswith("valid-")} == types
    assert {path.parent.name for path in FILES if path.name.startswith("invalid-")} == types


def test_names_are_camel_case_on_the_wire_and_snake_case_here() -> None:
    decoded = wire.decode(Estimate, {"bytesRead": 1, "bytesWritten": 2, "peakMemory": 3, "seconds": 4})
    assert decoded == Estimate(bytes_read=1, bytes_written=2, peak_memory=3, seconds=4.0)
    assert type(decoded.seconds) is float


def test_keys_of_free_dictionaries_are_left_alone() -> None:
    value = {"method": "ties", "shared": {"int8_mask": False, "camelCase": 1}, "perInput": []}
    assert wire.decode(Operation, value).shared == {"int8_mask": False, "camelCase": 1.0}
    assert wire.encode(wire.decode(Operation, value))["shared"] == value["shared"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offset": True}, "offset: expected an integer, got true"),
        ({"offset": 1.0}, "offset: expected an integer, got 1.0"),
        ({"shape": [1, "2"]}, 'shape[1]: expected an integer, got "2"'),
        ({"extra": 1}, "unknown extra"),
        ({"dtype": "F4"}, "dtype: expected one of"),
        ({"file": None}, "file: expected an integer, got null"),
    ],
)
def test_faults_name_their_place(change: dict[str, Any], message: str) -> None:
    with pytest.raises(wire.WireError) as caught:
        wire.decode(TensorRange, {**TENSOR, **change})
    assert message in str(caught.value)


def test_a_deep_fault_names_the_whole_path() -> None:
    step = json.loads((CORPUS / "Step" / "invalid-deep.json").read_text())
    with pytest.raises(wire.WireError, match=r"^inputs\[1\]\.lora\.a\.bytes: expected an integer"):
        wire.decode(Step, step)


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity]", "-Infinity", "{", "", '{"a":1}x', b"\xff", "[" * 100_000]
)
def test_what_is_not_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.parse(text)


def test_numbers_that_overflow_are_refused() -> None:
    with pytest.raises(wire.WireError):
        wire.decode(float, wire.parse("1e999"))


def test_two_thousand_steps_decode_fast() -> None:
    plan = json.loads((CORPUS / "Plan" / "valid-plan.json").read_text())
    step = plan["steps"][0]
    step["inputs"] = step["inputs"] * 3
    plan["steps"] = [step] * 2000
    started = time.process_time()
    decoded = wire.decode(Plan, plan)
    assert time.process_time() - started < 0.6
    assert len(decoded.steps) == 2000


@settings(derandomize=True, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=10,
    )
)
def test_anything_else_is_a_wire_error(value: Any) -> None:
    for kind in (Plan, Step, TensorRange, Operation):
        with pytest.raises(wire.WireError):
            wire.decode(kind, value)
