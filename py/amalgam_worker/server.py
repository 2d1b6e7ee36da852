"""JSON-RPC 2.0 server: the calling thread reads, one other thread does the jobs, one after the other."""

from __future__ import annotations

import os
import queue
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from amalgam_worker import wire
from amalgam_worker.channel import Channel, encode_message
from amalgam_worker.errors import as_worker_error, cancelled
from amalgam_worker.framing import FramingError
from amalgam_worker.protocol import WorkerErrorData

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, WORKER_ERROR = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32000,
)

Notify = Callable[[str, object], None]
Cancelled = Callable[[], bool]
RequestId = int | str | None


@dataclass(frozen=True, slots=True)
class Handler:
    """A request's parameter type and the function that answers it with a dataclass of the protocol."""

    params: type[Any]
    run: Callable[[Any, Notify, Cancelled], object]


@dataclass(frozen=True, slots=True)
class Job:
    """A request that waits for the job thread or runs on it."""

    id: RequestId
    handler: Handler
    params: object
    cancel: threading.Event


class Server:
    """The state of one connection: the jobs that can be cancelled, and the queue of those to do."""

    def __init__(self, channel: Channel, handlers: Mapping[str, Handler]) -> None:
        self._channel = channel
        self._handlers = handlers
        self._jobs: dict[RequestId, Job] = {}
        self._queue: queue.SimpleQueue[Job] = queue.SimpleQueue()

    def receive(self, body: bytes) -> None:
        """Acts on one message; never raises on what the other side sent."""
        try:
            message = wire.parse(body)
        except wire.WireError as error:
            self._fail(None, PARSE_ERROR, str(error))
            return
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            self._fail(None, INVALID_REQUEST, "not a JSON-RPC 2.0 message")
            return
        method, params = message.get("method"), message.get("params")
        if not isinstance(method, str):
            if not ("result" in message or "error" in message):
                self._fail(_id_of(message), INVALID_REQUEST, "a request without a method")
        elif "id" not in message:
            if method == "$/cancelRequest" and isinstance(params, dict):
                self._cancel(params.get("id"))
        elif _id_of(message) is None:
            self._fail(None, INVALID_REQUEST, "an id must be an integer or a string")
        else:
            self._enqueue(_id_of(message), method, params)

    def work(self) -> None:
        """Answers queued requests for ever."""
        while True:
            job = self._queue.get()
            try:
                if job.cancel.is_set():
                    raise cancelled()
                result = job.handler.run(job.params, self._notify, job.cancel.is_set)
                answer = encode_message({"id": job.id, "result": wire.encode(result)})
            except Exception as error:
                answer = encode_message({"id": job.id, "error": _error_of(error)})
            # Forgotten first: the other side may use the id again as soon as it has the answer.
            del self._jobs[job.id]
            self._channel.write(answer)

    def _enqueue(self, id: RequestId, method: str, params: object) -> None:
        handler = self._handlers.get(method)
        if handler is None:
            self._fail(id, METHOD_NOT_FOUND, f"unknown method {method}")
            return
        if id in self._jobs:
            self._fail(id, INVALID_REQUEST, f"id {id} is in use")
            return
        try:
            decoded = wire.decode(handler.params, params)
        except wire.WireError as error:
            self._fail(id, INVALID_PARAMS, f"params of {method}: {error}")
            return
        job = Job(id, handler, decoded, threading.Event())
        self._jobs[id] = job
        self._queue.put(job)

    def _cancel(self, id: object) -> None:
        job = self._jobs.get(id) if isinstance(id, (int, str)) else None
        if job is not None:
            job.cancel.set()

    def _notify(self, method: str, params: object) -> None:
        self._channel.send({"method": method, "params": wire.encode(params)})

    def _fail(self, id: RequestId, number: int, text: str) -> None:
        self._channel.send({"id": id, "error": {"code": number, "message": text}})


def serve(channel: Channel, handlers: Mapping[str, Handler]) -> None:
    """Serves until the input ends; then the process ends at once, whatever it is doing."""
    server = Server(channel, handlers)
    threading.Thread(target=server.work, name="jobs", daemon=True).start()
    try:
        while (body := channel.receive()) is not None:
            server.receive(body)
    except FramingError as error:
        channel.send({"id": None, "error": {"code": PARSE_ERROR, "message": str(error)}})
        os._exit(1)
    except OSError:
        os._exit(1)
    os._exit(0)


def _id_of(message: dict[str, object]) -> RequestId:
    id = message.get("id")
    return id if isinstance(id, (int, str)) and not isinstance(id, bool) else None


def _error_of(error: Exception) -> dict[str, object]:
    known = as_worker_error(error)
    trace = "".join(traceback.format_exception(error))
    data = wire.encode(WorkerErrorData(known.code, known.hint, trace))
    return {"code": WORKER_ERROR, "message": known.message, "data": data}
