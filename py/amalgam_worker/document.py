"""Large JSON documents, decoded one list item after another: their raw values never exist all at once."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any, TypeVar, cast, get_origin, get_type_hints

from amalgam_worker import wire
from amalgam_worker.quick_decoder import is_dataclass, quick_decoder
from amalgam_worker.wire import WireError

T = TypeVar("T")

_spaces = re.compile(r"[ \t\n\r]*")


class _Text:
    """A JSON text and how far it has been read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0

    def next_is(self, mark: str) -> bool:
        """Whether the next character is `mark`, which is then passed; spaces before it are."""
        found = self._text.startswith(mark, self._place)
        if not found or not mark:
            match = _spaces.match(self._text, self._place)
            self._place = self._place if match is None else match.end()
            found = self._text.startswith(mark, self._place)
        self._place += len(mark) if found else 0
        return found

    def pass_over(self, mark: str) -> None:
        if not self.next_is(mark):
            raise WireError(f"not JSON: {mark!r} is missing at character {self._place}")

    def value(self) -> Any:
        self.next_is("")
        value, self._place = wire.parse_from(self._text, self._place)
        return value

    def end(self) -> None:
        if not self.next_is("") or self._place < len(self._text):
            raise WireError(f"not JSON: more follows at character {self._place}")


def decode_document(kind: type[T], text: str) -> T:
    """What `wire.decode` makes of the parsed text, in less memory; a key may not be there twice.

    Args:
        kind: a dataclass of the protocol.
    Raises:
        WireError: naming the path of the first fault.
    """
    hints = get_type_hints(kind)
    names = {key: name for name, key in wire.wire_names(cast(Hashable, kind))}
    fields: dict[str, Any] = {}
    source = _Text(text)
    source.pass_over("{")
    is_last = source.next_is("}")
    while not is_last:
        key = source.value()
        source.pass_over(":")
        name = names.get(key) if type(key) is str else None
        if name is None or name in fields:
            raise WireError(f"{'unknown' if name is None else 'repeated'} {key}")
        try:
            fields[name] = _field(source, hints[name])
        except WireError as error:
            error.path.append(key)
            raise
        is_last = not source.next_is(",")
        if is_last:
            source.pass_over("}")
    source.end()
    if len(fields) < len(names):
        raise WireError(
            f"missing {', '.join(sorted(key for key, name in names.items() if name not in fields))}"
        )
    return kind(**fields)


def _field(source: _Text, annotation: Any) -> Any:
    decode = wire.decoder(annotation)
    if get_origin(annotation) is not list or not source.next_is("["):
        return decode(source.value())
    kind = annotation.__args__[0]
    decode_item = quick_decoder(kind) if is_dataclass(kind) else wire.decoder(kind)
    items: list[Any] = []
    if source.next_is("]"):
        return items
    while True:
        try:
            items.append(decode_item(source.value()))
        except WireError as error:
            if not error.problem.startswith("not JSON"):
                error.path.append(len(items))
            raise
        if source.next_is("]"):
            return items
        source.pass_over(",")
