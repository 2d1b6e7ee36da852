"""Strict conversion between JSON values and the dataclasses of the protocol.

The wire is camelCase, Python is snake_case; keys of free dictionaries are left alone. An unknown key, a
missing key or a wrong type is a WireError that names the path. Integers are accepted for floats, booleans
for neither.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
import sys
import types
from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Decoder = Callable[[Any], Any]

# The other side holds numbers as doubles: integers beyond this are not exact there.
SAFE_INTEGER = 2**53 - 1


class WireError(Exception):
    """A JSON value that does not have the expected type; `path` grows from the inside out."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path: list[str | int] = []

    def __str__(self) -> str:
        steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in reversed(self.path)]
        return f"{''.join(steps).lstrip('.')}: {self.problem}" if steps else self.problem


def parse(text: str | bytes) -> Any:
    """Parses strict JSON; raises WireError also for NaN, Infinity and text that is not UTF-8."""
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from error


def parse_from(text: str, place: int) -> tuple[Any, int]:
    """The strict JSON value that begins at character `place`, and where it ends; raises WireError."""
    try:
        return _json.raw_decode(text, place)
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {error}") from error


def decode(kind: type[T], value: Any) -> T:
    """Builds a `kind` from a parsed JSON value.

    Args:
        kind: a dataclass of the protocol, or any annotation that occurs in one.
    Raises:
        WireError: naming the path of the first fault.
    """
    annotation: Any = kind
    return cast(T, decoder(annotation)(value))


def encode(value: Any) -> Any:
    """The JSON value of a dataclass, list, dictionary or scalar."""
    kind: Any = type(value)
    if dataclasses.is_dataclass(value):
        return {wire: encode(getattr(value, name)) for name, wire in wire_names(kind)}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return value


def _reject_constant(name: str) -> None:
    raise ValueError(f"{name} is not allowed")


_json = json.JSONDecoder(parse_constant=_reject_constant)


@cache
def wire_names(kind: Hashable) -> list[tuple[str, str]]:
    """Names of a dataclass' fields, here and on the wire."""
    fields = dataclasses.fields(cast(Any, kind))
    return [(field.name, re.sub(r"_([a-z])", lambda m: m[1].upper(), field.name)) for field in fields]


@cache
def decoder(kind: Any) -> Decoder:
    """Converts a parsed JSON value into an annotation's type, or raises WireError."""
    origin, arguments = get_origin(kind), get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _object_decoder(kind)
    if origin is Literal:
        return _literal_decoder(arguments)
    if origin in (Union, types.UnionType):
        return _union_decoder(arguments)
    if origin is list:
        return _integers_decoder() if arguments == (int,) else _list_decoder(decoder(arguments[0]))
    if origin is dict:
        return _dict_decoder(decoder(arguments[1]))
    return _SCALARS[kind]


def _object_decoder(kind: Any) -> Decoder:
    hints = get_type_hints(kind)
    fields = [(wire, decoder(hints[name])) for name, wire in wire_names(kind)]
    known = {wire for wire, _ in fields}

    def decode_object(value: Any) -> Any:
        if type(value) is not dict:
            raise _expected("an object", value)
        if value.keys() != known:
            raise _wrong_keys(known, set(value))
        arguments = []
        for wire, decode_field in fields:
            try:
                arguments.append(decode_field(value[wire]))
            except WireError as error:
                error.path.append(wire)
                raise
        return kind(*arguments)

    return decode_object


def _list_decoder(decode_item: Decoder) -> Decoder:
    def decode_list(value: Any) -> Any:
        if type(value) is not list:
            raise _expected("an array", value)
        items: list[Any] = [None] * len(value)
        place = 0
        try:
            for place, item in enumerate(value):
                items[place] = decode_item(item)
        except WireError as error:
            error.path.append(place)
            raise
        return items

    return decode_list


def _integers_decoder() -> Decoder:
    """Equal shapes become one list: a plan repeats a few of them very often, and nothing changes them."""
    known: dict[tuple[int, ...], list[int]] = {}
    decode_list = _list_decoder(_decode_int)

    def decode_integers(value: Any) -> Any:
        items = decode_list(value)
        return known.setdefault(tuple(items), items)

    return decode_integers


def _dict_decoder(decode_item: Decoder) -> Decoder:
    def decode_dict(value: Any) -> Any:
        if type(value) is not dict:
            raise _expected("an object", value)
        items = {}
        for key, item in value.items():
            try:
                items[key] = decode_item(item)
            except WireError as error:
                error.path.append(key)
                raise
        return items

    return decode_dict


def _literal_decoder(choices: tuple[Any, ...]) -> Decoder:
    def decode_literal(value: Any) -> Any:
        for choice in choices:
            if type(value) is type(choice) and value == choice:
                return choice
        raise WireError(f"expected one of {', '.join(map(json.dumps, choices))}, got {_shown(value)}")

    return decode_literal


def _union_decoder(kinds: tuple[Any, ...]) -> Decoder:
    """The branch is chosen by the JSON type, so that a fault inside it is reported as itself."""
    branches = {_json_type(kind): decoder(kind) for kind in kinds}
    if len(branches) < len(kinds):
        raise TypeError(f"branches of {kinds} cannot be told apart")
    if float in branches:
        branches.setdefault(int, branches[float])
    names = " or ".join(_TYPE_NAMES[_json_type(kind)] for kind in kinds)

    def decode_union(value: Any) -> Any:
        branch = branches.get(type(value))
        if branch is None:
            raise _expected(names, value)
        return branch(value)

    return decode_union


def _json_type(kind: Any) -> Any:
    if dataclasses.is_dataclass(kind):
        return dict
    origin = get_origin(kind)
    if origin is Literal:
        return type(get_args(kind)[0])
    return origin or kind


def _decode_float(value: Any) -> Any:
    if type(value) is int:
        return float(_decode_int(value))
    if type(value) is not float or not math.isfinite(value):
        raise _expected("a number", value)
    return value


def _decode_int(value: Any) -> Any:
    if type(value) is not int or not -SAFE_INTEGER <= value <= SAFE_INTEGER:
        raise _expected("an integer", value)
    return value


def _decode_string(value: Any) -> Any:
    if type(value) is not str:
        raise _expected("a string", value)
    # A tensor has the same name in every model.
    return sys.intern(value)


def _exactly(kind: type) -> Decoder:
    def decode_exactly(value: Any) -> Any:
        if type(value) is not kind:
            raise _expected(_TYPE_NAMES[kind], value)
        return value

    return decode_exactly


_TYPE_NAMES = {
    str: "a string",
    int: "an integer",
    float: "a number",
    bool: "a boolean",
    types.NoneType: "null",
    dict: "an object",
    list: "an array",
}
_SCALARS: dict[Any, Decoder] = {
    str: _decode_string,
    bool: _exactly(bool),
    types.NoneType: _exactly(types.NoneType),
    int: _decode_int,
    float: _decode_float,
}


def _wrong_keys(known: set[str], given: set[str]) -> WireError:
    missing, unknown = sorted(known - given), sorted(given - known)
    problems = [f"missing {', '.join(missing)}"] if missing else []
    problems += [f"unknown {', '.join(unknown)}"] if unknown else []
    return WireError("; ".join(problems))


def _expected(what: str, value: Any) -> WireError:
    return WireError(f"expected {what}, got {_shown(value)}")


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return _TYPE_NAMES[type(value)]
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
