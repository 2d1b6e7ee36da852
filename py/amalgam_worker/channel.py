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
        """Sends a JSON-RPC message; blocks while the reader is slow. Raises ValueError for NaN, infinity."""
        text = json.dumps(
            {"jsonrpc": "2.0", **message}, allow_nan=False, ensure_ascii=False, separators=(",", ":")
        )
        data = memoryview(frame(text.encode("utf-8", "surrogatepass")))
        with self._lock:
            while data:
                data = data[os.write(self._outgoing, data) :]
