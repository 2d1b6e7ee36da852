"""A real worker process, spoken to in frames."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

from amalgam_worker.framing import frame, read_frame

PACKAGE_FOLDER = Path(__file__).resolve().parents[3] / "py"


class WorkerProcess:
    """`python -m amalgam_worker`, or a script that starts it, with pipes."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *(arguments or ("-m", "amalgam_worker"))],
            cwd=PACKAGE_FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(PACKAGE_FOLDER)},
        )
        self.notifications: list[dict[str, Any]] = []

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def write(self, data: bytes) -> None:
        """Sends raw bytes."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, **message: Any) -> None:
        """Sends a JSON-RPC message."""
        self.write(frame(json.dumps({"jsonrpc": "2.0", **message}).encode()))

    def receive(self) -> dict[str, Any]:
        """The next message of any kind."""
        assert self.process.stdout is not None
        body = read_frame(cast(BinaryIO, self.process.stdout))
        assert body is not None, "the worker ended"
        message: dict[str, Any] = json.loads(body)
        return message

    def response(self) -> dict[str, Any]:
        """The next response; notifications before it are kept."""
        while True:
            message = self.receive()
            if "method" not in message:
                return message
            self.notifications.append(message)

    def request(self, method: str, params: Any, id: int | str = 1) -> dict[str, Any]:
        """Sends a request and waits for its response."""
        self.send(id=id, method=method, params=params)
        return self.response()

    def close_stdin(self, timeout: float = 10) -> tuple[int, str]:
        """Ends the input; the exit code and all of stderr."""
        _, errors = self.process.communicate(timeout=timeout)
        return self.process.returncode, errors.decode()
