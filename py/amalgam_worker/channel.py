"""One JSON-RPC peer over a pair of file descriptors."""

from __future__ import annotations

import json
import os
import threading

from amalgam_worker.framing import frame, read_frame


class Channel:
    """Reads frames from one descriptor; writes messages to another, whole and one at a time."""

    def __init__(self, incoming: int, outgoing: int) -> None:
        self._incoming = os.fdopen(incoming, "rb")
        self._outgoing = outgoing
        self._lock = threading.Lock()

    def receive(self) -> bytes | None:
        """The next message's bytes, or None at the end; raises FramingError."""
        return read_frame(self._incoming)

    def send(self, message: dict[str, object]) -> None:
        """Sends a JSON-RPC message; blocks while the reader is slow. Raises as `encode_message`."""
        self.write(encode_message(message))

    def write(self, encoded: bytes) -> None:
        """Sends what `encode_message` made."""
        data = memoryview(encoded)
        with self._lock:
            while data:
                data = data[os.write(self._outgoing, data) :]


def encode_message(message: dict[str, object]) -> bytes:
    """The frame of a JSON-RPC message; raises ValueError for NaN and infinity, which JSON does not have."""
    text = json.dumps({"jsonrpc": "2.0", **message}, allow_nan=False, separators=(",", ":"))
    return frame(text.encode())
