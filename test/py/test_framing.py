"""Content-Length framing."""

from __future__ import annotations

import io

import pytest

from amalgam_worker.framing import MAXIMUM_BODY, FramingError, frame, read_frame

MESSAGES = [b'{"a":1}', '{"text":"한국어 😀"}'.encode(), b"", b"\r\n\r\nContent-Length: 3\r\n\r\n"]


class Pieces(io.RawIOBase):
    """A stream that hands out its bytes in two given parts, or one at a time."""

    def __init__(self, parts: list[bytes]) -> None:
        self.parts = [part for part in parts if part]

    def readable(self) -> bool:
        return True

    def readinto(self, target: object) -> int:
        view = memoryview(target)  # type: ignore[arg-type]
        if not self.parts:
            return 0
        part = self.parts.pop(0)
        taken = part[: len(view)]
        view[: len(taken)] = taken
        if len(taken) < len(part):
            self.parts.insert(0, part[len(taken) :])
        return len(taken)


def read_all(parts: list[bytes]) -> list[bytes]:
    stream = io.BufferedReader(Pieces(parts))
    bodies = []
    while (body := read_frame(stream)) is not None:
        bodies.append(body)
    return bodies


def test_split_at_every_byte() -> None:
    data = b"".join(frame(message) for message in MESSAGES)
    for place in range(len(data) + 1):
        assert read_all([data[:place], data[place:]]) == MESSAGES
    assert read_all([bytes([byte]) for byte in data]) == MESSAGES


def test_the_length_counts_bytes() -> None:
    assert frame("é".encode()) == b"Content-Length: 2\r\n\r\n\xc3\xa9"


def test_other_headers_and_cases_are_accepted() -> None:
    data = b"content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:  2 \r\n\r\n{}"
    assert read_all([data]) == [b"{}"]


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Length: 5\r\n\r\n{}",
        b"Content-Length: x\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n{}",
        b"Content-Length: %d\r\n\r\n" % (MAXIMUM_BODY + 1),
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"Content-Type: x\r\n\r\n{}",
        b"\r\n\r\n",
        b"{}\n",
        b"Content-Le",
        b"X" * 5000,
        b"A: b\r\n" * 100,
    ],
)
def test_broken_streams_are_refused(data: bytes) -> None:
    with pytest.raises(FramingError):
        read_all([data])


def test_the_largest_body_passes() -> None:
    assert read_all([frame(b" " * MAXIMUM_BODY)]) == [b" " * MAXIMUM_BODY]
