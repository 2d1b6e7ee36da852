"""Messages on a byte stream: `Content-Length` framing, as the Language Server Protocol defines it."""

from __future__ import annotations

from typing import BinaryIO

# A request of ours is a few kilobytes; plans travel as files.
MAXIMUM_BODY = 8 * 1024 * 1024
_MAXIMUM_LINE = 1024
_MAXIMUM_LINES = 16


class FramingError(Exception):
    """The stream is not made of frames; it cannot be read any further."""


def read_frame(stream: BinaryIO) -> bytes | None:
    """Reads one message body; None where the stream ends between frames.

    Raises:
        FramingError: malformed or oversized header, oversized body, or an end of stream inside a frame.
    """
    length: int | None = None
    for number in range(_MAXIMUM_LINES):
        line = stream.readline(_MAXIMUM_LINE)
        if not line and number == 0:
            return None
        if not line.endswith(b"\n"):
            raise FramingError("header line without an end")
        name, colon, value = line.strip().partition(b":")
        if not name and not colon:
            break
        if name.strip().lower() == b"content-length":
            length = _parse_length(value.strip())
    else:
        raise FramingError("too many header lines")
    if length is None:
        raise FramingError("no Content-Length")
    body = stream.read(length)
    if len(body) < length:
        raise FramingError(f"the stream ended after {len(body)} of {length} bytes")
    return body


def frame(body: bytes) -> bytes:
    """The frame that carries `body`."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def _parse_length(text: bytes) -> int:
    if not text.isdigit() or len(text) > 12:
        raise FramingError(f"bad Content-Length {text[:20]!r}")
    length = int(text)
    if length > MAXIMUM_BODY:
        raise FramingError(f"a message of {length} bytes; at most {MAXIMUM_BODY} are allowed")
    return length
