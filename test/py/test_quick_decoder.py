"""The decoders of large documents make what `wire.decode` makes, of the same values, with the same faults."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amalgam_worker import protocol, wire
from amalgam_worker.quick_decoder import quick_decoder

CORPUS = Path(__file__).resolve().parents[1] / "fixtures" / "protocol"
FILES = [
    path
    for path in sorted(CORPUS.glob("*/*.json"))
    if dataclasses.is_dataclass(getattr(protocol, path.parent.name))
]
ODD = [None, True, 0, 1, -1, 1.0, 2**60, "", "BF16", [], [1], [True], [2.0], [2**60], {}, [{}], [None]]


def outcome(decode: Any, value: Any) -> tuple[str, Any]:
    try:
        made = decode(value)
    except wire.WireError as error:
        return "fault", str(error)
    # repr tells 1, 1.0 and True apart.
    return "made", repr(made)


def assert_agree(kind: Any, value: Any) -> None:
    assert outcome(quick_decoder(kind), value) == outcome(lambda given: wire.decode(kind, given), value)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value, or one within it, could be another."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    changed = copy.copy(value)
    changed[path[0]] = replaced(value[path[0]], path[1:], other)
    return changed


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_corpus(path: Path) -> None:
    assert_agree(getattr(protocol, path.parent.name), json.loads(path.read_bytes()))


@pytest.mark.parametrize("name", ["Step", "AdapterStep", "RowMap", "Operation", "InputFile", "Shard"])
def test_every_value_in_every_place(name: str) -> None:
    kind = getattr(protocol, name)
    for path in sorted((CORPUS / name).glob("valid-*.json")):
        value = json.loads(path.read_bytes())
        assert outcome(quick_decoder(kind), value)[0] == "made"
        for place in places(value):
            for odd in ODD:
                assert_agree(kind, replaced(value, place, odd))


def test_missing_and_unknown_keys() -> None:
    value = json.loads(next(iter(sorted((CORPUS / "Step").glob("valid-*.json")))).read_bytes())
    for key in value:
        without = {name: inner for name, inner in value.items() if name != key}
        assert_agree(protocol.Step, without)
        assert_agree(protocol.Step, {**without, "more": 1})


def test_equal_shapes_are_one_list() -> None:
    part = {"file": 0, "offset": 8, "bytes": 24, "dtype": "F32", "shape": [2, 3]}
    decode = quick_decoder(protocol.TensorRange)
    one, other = decode(part), decode(copy.deepcopy(part))
    assert one.shape == [2, 3]
    assert one.shape is other.shape
