"""Decoders of large documents: the source of one function per dataclass, with all checks in line.

They take what `wire.decoder` takes and make the same of it, several times as fast. What they do not take they
leave to it, which tells what is wrong and where.
"""

from __future__ import annotations

import dataclasses
import sys
import types
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from amalgam_worker.wire import SAFE_INTEGER, Decoder, WireError, decoder, wire_names


@cache
def quick_decoder(kind: Any) -> Decoder:
    """Converts a parsed JSON value into a dataclass of the protocol, or raises WireError."""
    quick, thorough = _function(kind), decoder(kind)

    def decode(value: Any) -> Any:
        try:
            return quick(value)
        except (KeyError, TypeError, ValueError, WireError):
            return thorough(value)

    return decode


@cache
def _function(kind: Any) -> Callable[[Any], Any]:
    hints, names = get_type_hints(kind), wire_names(kind)
    scope: dict[str, Any] = {"new": object.__new__, "kind": kind, "intern": sys.intern, "refuse": _refuse}
    lines = ["def decode(value):", f"    if type(value) is not dict or len(value) != {len(names)}: refuse()"]
    for number, (name, wire) in enumerate(names):
        lines.append(f"    f{number} = value[{wire!r}]")
        lines += [f"    {line}" for line in _checks(f"f{number}", hints[name], scope)]
    lines.append("    made = new(kind)")
    for number, (name, _) in enumerate(names):
        # A frozen dataclass sets its own fields with a search for each.
        scope[f"set{number}"] = getattr(kind, name).__set__
        lines.append(f"    set{number}(made, f{number})")
    lines.append("    return made")
    exec("\n".join(lines), scope)
    made: Callable[[Any], Any] = scope["decode"]
    return made


def is_dataclass(kind: Any) -> bool:
    """Whether an annotation is a dataclass."""
    return dataclasses.is_dataclass(kind)


def _refuse() -> None:
    raise ValueError


def _checks(name: str, annotation: Any, scope: dict[str, Any]) -> list[str]:
    """Lines that leave the decoded value of `annotation` in the variable `name`, or raise."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is int:
        return [f"if type({name}) is not int or not -{SAFE_INTEGER} <= {name} <= {SAFE_INTEGER}: refuse()"]
    if annotation is str:
        return [f"if type({name}) is not str: refuse()", f"{name} = intern({name})"]
    if is_dataclass(annotation):
        return [f"{name} = {_named(_function(annotation), scope)}({name})"]
    if origin is Literal and all(type(choice) is str for choice in arguments):
        # One string for all places that name a type.
        return [f"{name} = {_named({choice: choice for choice in arguments}, scope)}[{name}]"]
    if origin is list and arguments == (int,):
        # Equal shapes become one list here too; of those that are known no number need be looked at.
        known, integers = _named({}, scope), _named({int}, scope)
        decode_list = _named(decoder(annotation), scope)
        return [
            f"if type({name}) is not list or not {integers}.issuperset(map(type, {name})): refuse()",
            f"key = tuple({name})",
            f"if key not in {known}: {known}[key] = {decode_list}({name})",
            f"{name} = {known}[key]",
        ]
    if origin is list and is_dataclass(arguments[0]):
        function = _named(_function(arguments[0]), scope)
        return [f"if type({name}) is not list: refuse()", f"{name} = [{function}(item) for item in {name}]"]
    if origin in (Union, types.UnionType) and arguments[1] is types.NoneType and len(arguments) == 2:
        return [f"if {name} is not None:", *(f"    {line}" for line in _checks(name, arguments[0], scope))]
    return [f"{name} = {_named(decoder(annotation), scope)}({name})"]


def _named(value: Any, scope: dict[str, Any]) -> str:
    name = f"v{len(scope)}"
    scope[name] = value
    return name
