"""A document decoded piece by piece is what `wire.decode` makes of it, and as strict."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from amalgam_worker import protocol, wire
from amalgam_worker.document import decode_document
from amalgam_worker.protocol import Estimate, Plan

CORPUS = Path(__file__).resolve().parents[1] / "fixtures" / "protocol"
FILES = [path for path in sorted(CORPUS.glob("*/*.json")) if path.parent.name in ("Plan", "Step", "RowMap")]
ESTIMATE = {"bytesRead": 1, "bytesWritten": 2, "peakMemory": 3, "seconds": 4.5}


@pytest.mark.parametrize("indent", [None, 3])
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_corpus(path: Path, indent: int | None) -> None:
    kind: Any = getattr(protocol, path.parent.name)
    value = json.loads(path.read_bytes())
    text = json.dumps(value, indent=indent)
    if path.name.startswith("valid-"):
        assert decode_document(kind, text) == wire.decode(kind, value)
        return
    with pytest.raises(wire.WireError) as whole:
        wire.decode(kind, value)
    with pytest.raises(wire.WireError) as pieces:
        decode_document(kind, text)
    if isinstance(value, dict) and whole.value.path:
        assert str(pieces.value) == str(whole.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "'{' is missing"),
        ("[]", "'{' is missing"),
        ("{", "not JSON"),
        ('{"bytesRead": 1', "'}' is missing"),
        ('{"bytesRead" 1}', "':' is missing"),
        ('{"bytesRead": 1,}', "not JSON"),
        ('{"bytesRead": NaN}', "bytesRead: not JSON"),
        ('{"bytesRead": 1, "bytesRead": 1}', "repeated bytesRead"),
        ('{"bytesRead": 1, "more": 1}', "unknown more"),
        ('{"bytesRead": 1}', "missing bytesWritten, peakMemory, seconds"),
        ("{}", "missing bytesRead, bytesWritten, peakMemory, seconds"),
        (json.dumps(ESTIMATE) + "}", "more follows"),
    ],
)
def test_refuses(text: str, problem: str) -> None:
    with pytest.raises(wire.WireError, match=problem):
        decode_document(Estimate, text)


@pytest.mark.parametrize("end", ["", ",", ",]", " {}]", "}"])
def test_refuses_a_list_that_breaks_off(end: str) -> None:
    plan = json.loads((CORPUS / "Plan" / "valid-typical.json").read_bytes())
    steps = json.dumps(plan.pop("steps"))
    with pytest.raises(wire.WireError, match=r"^steps: not JSON"):
        decode_document(Plan, f'{{"steps": {steps[:-1]}{end}')


def test_raw_values_of_a_list_are_gone_before_the_next_item() -> None:
    plan = json.loads((CORPUS / "Plan" / "valid-typical.json").read_bytes())
    plan["steps"] = plan["steps"] * (3000 // len(plan["steps"]))
    text = json.dumps(plan)
    tracemalloc.start()
    try:
        decoded = decode_document(Plan, text)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(decoded.steps) == len(plan["steps"])
    assert peak - kept < kept / 10
