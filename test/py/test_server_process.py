"""The worker as a real process: handshake, faults, stray output, cancellation, end of input."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from amalgam_worker.framing import frame
from amalgam_worker.protocol import METHOD_PARAMETERS, PROTOCOL
from helpers.plans import PlanMaker, operation, save_plan
from helpers.worker import WorkerProcess

# Handlers that a test needs and a user must not have; served exactly as the real ones are.
STRAY = """
import os, sys, ctypes, threading, time
from amalgam_worker import __main__ as entry
from amalgam_worker.protocol import InitializeParams, LogNotification
from amalgam_worker.server import Handler

def noisy(params, notify, cancelled):
    print("from print", flush=True)
    os.system("echo from child")
    libc = ctypes.CDLL(None)
    libc.puts(b"from C")
    libc.fflush(None)
    os.write(1, b"from fd 1\\n")
    print(len(sys.stdin.read()), "bytes of stdin", flush=True)
    return LogNotification("info", "done")

def waiting(params, notify, cancelled):
    from amalgam_worker.errors import cancelled as cancelled_error
    notify("log", LogNotification("info", "started"))
    while not cancelled():
        time.sleep(0.002)
    raise cancelled_error()

def failing(params, notify, cancelled):
    raise ZeroDivisionError("oops")

def unsendable(params, notify, cancelled):
    from amalgam_worker.protocol import Estimate
    return Estimate(0, 0, 0, float("nan"))

entry.HANDLERS = {
    name: Handler(InitializeParams, run)
    for name, run in {"noisy": noisy, "waiting": waiting, "failing": failing, "nan": unsendable}.items()
}
entry.import_torch = lambda: None
entry.main()
"""
PARAMS = {"protocol": PROTOCOL}
MERGE_PARAMS = {
    "job": 1,
    "planPath": "/none",
    "directory": "/none",
    "device": "cpu",
    "threads": None,
    "chunkElements": None,
    "part": None,
}


@pytest.fixture
def stray() -> Iterator[WorkerProcess]:
    with WorkerProcess("-c", STRAY) as worker:
        yield worker


@pytest.fixture(scope="module")
def real() -> Iterator[WorkerProcess]:
    with WorkerProcess() as worker:
        yield worker


def test_handshake(real: WorkerProcess) -> None:
    result = real.request("initialize", PARAMS)["result"]
    assert result["protocol"] == PROTOCOL
    assert result["torch"] == torch.__version__
    assert result["devices"][0]["name"] == "cpu"
    assert result["devices"][0]["totalMemory"] > result["devices"][0]["freeMemory"] > 0
    assert result["threads"] == len(os.sched_getaffinity(0))
    methods = {method["name"]: (method["shared"], method["perInput"]) for method in result["methods"]}
    assert methods == METHOD_PARAMETERS


def test_another_protocol_is_refused(real: WorkerProcess) -> None:
    error = real.request("initialize", {"protocol": "0123456789abcdef"})["error"]
    assert error["code"] == -32000
    assert error["data"]["code"] == "protocol-mismatch"
    assert "0123456789abcdef" in error["message"]
    assert PROTOCOL in error["message"]
    assert error["data"]["hint"]


@pytest.mark.parametrize(
    ("message", "number", "text"),
    [
        ({"id": 5, "method": "reboot", "params": {}}, -32601, "reboot"),
        (
            {"id": "a", "method": "initialize", "params": {"protocol": 1}},
            -32602,
            "protocol: expected a string",
        ),
        ({"id": 6, "method": "initialize"}, -32602, "expected an object"),
        ({"id": 7, "method": "merge", "params": {"job": True}}, -32602, "missing"),
        ({"id": 8}, -32600, "method"),
        ({"id": 1.5, "method": "initialize", "params": {}}, -32600, "id"),
    ],
)
def test_bad_requests(real: WorkerProcess, message: dict[str, Any], number: int, text: str) -> None:
    real.send(**message)
    response = real.response()
    assert response["id"] == (message["id"] if not isinstance(message["id"], float) else None)
    assert response["error"]["code"] == number
    assert text in response["error"]["message"]


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"[NaN]", b'{"jsonrpc":"2.0","id":1,"method":NaN}'])
def test_bad_json_is_answered_and_survived(real: WorkerProcess, body: bytes) -> None:
    real.write(frame(body))
    assert real.response()["error"]["code"] == -32700
    real.write(frame(b"[]"))
    assert real.response()["error"]["code"] == -32600


def test_unknown_notifications_and_responses_are_ignored(real: WorkerProcess) -> None:
    real.send(method="$/setTrace", params={"value": "off"})
    real.send(method="$/cancelRequest", params={"id": 12345})
    real.send(method="$/cancelRequest", params={"id": {}})
    real.send(id=3, result=None)
    assert real.request("nothing", None, id=99)["id"] == 99


def test_stray_output_stays_out_of_the_protocol(stray: WorkerProcess) -> None:
    assert stray.request("noisy", PARAMS)["result"]["message"] == "done"
    code, errors = stray.close_stdin()
    assert code == 0
    for line in ("from print", "from child", "from C", "from fd 1", "0 bytes of stdin"):
        assert line in errors.splitlines()


def test_a_running_and_a_waiting_job_can_be_cancelled(stray: WorkerProcess) -> None:
    stray.send(id=1, method="waiting", params=PARAMS)
    stray.send(id=2, method="waiting", params=PARAMS)
    assert stray.receive()["method"] == "log"
    stray.send(method="$/cancelRequest", params={"id": 2})
    stray.send(method="$/cancelRequest", params={"id": 1})
    for id in (1, 2):
        response = stray.response()
        assert response["id"] == id
        assert response["error"]["data"]["code"] == "cancelled"
    assert stray.notifications == []


def test_requests_are_answered_while_a_job_runs(stray: WorkerProcess) -> None:
    stray.send(id=1, method="waiting", params=PARAMS)
    assert stray.request("nothing", {}, id=2)["error"]["code"] == -32601
    assert stray.request("waiting", PARAMS, id=1)["error"]["message"] == "id 1 is in use"


def test_an_unforeseen_failure_is_internal_and_survived(stray: WorkerProcess) -> None:
    error = stray.request("failing", PARAMS)["error"]
    assert error["message"] == "ZeroDivisionError: oops"
    assert error["data"]["code"] == "internal"
    assert "in failing" in error["data"]["traceback"]
    assert stray.request("nan", PARAMS)["error"]["data"]["code"] == "internal"


def test_the_end_of_input_ends_a_busy_worker_at_once(stray: WorkerProcess) -> None:
    stray.send(id=1, method="waiting", params=PARAMS)
    assert stray.receive()["method"] == "log"
    started = time.monotonic()
    assert stray.close_stdin()[0] == 0
    assert time.monotonic() - started < 1


def test_a_broken_frame_ends_the_worker_with_an_error(stray: WorkerProcess) -> None:
    stray.write(b"hello\r\n\r\n")
    assert stray.response()["error"]["code"] == -32700
    assert stray.process.wait(10) == 1


def test_a_merge_is_cancelled_promptly(real: WorkerProcess, tmp_path: Path) -> None:
    maker = PlanMaker(tmp_path)
    numbers = [maker.add_model({"w": torch.zeros(1 << 24, dtype=torch.bfloat16)}) for _ in range(2)]
    # The same tensors many times over: work for minutes from a small file.
    steps = [(f"w{i}", 0, None, [maker.source(number, "w") for number in numbers]) for i in range(4000)]
    plan = maker.plan(steps, [operation("linear", {"normalize": True}, [{"weight": 1}, {"weight": 1}])])
    place = plan.steps[0].output
    shard = plan.shards[0]
    steps_in_place = [dataclasses.replace(step, output=place) for step in plan.steps]
    plan = dataclasses.replace(
        plan, steps=steps_in_place, shards=[dataclasses.replace(shard, bytes=place.offset + place.bytes)]
    )
    params = {
        "job": 1,
        "planPath": str(save_plan(plan, tmp_path / "plan.json")),
        "directory": str(tmp_path),
        "device": "cpu",
        "threads": 2,
        "chunkElements": None,
        "part": None,
    }
    real.send(id=50, method="merge", params=params)
    assert real.receive()["method"] == "progress"
    started = time.monotonic()
    real.send(method="$/cancelRequest", params={"id": 50})
    error = real.response()["error"]
    assert error["data"]["code"] == "cancelled"
    assert time.monotonic() - started < 1
    again = real.request("merge", {**params, "threads": 0}, id=51)["error"]
    assert again["data"]["code"] == "plan-invalid"


def test_start_up_imports_neither_transformers_nor_numpy_for_a_merge() -> None:
    script = (
        "import sys, amalgam_worker.handlers as h; assert 'torch' not in sys.modules; h.import_torch();"
        "assert 'torch' in sys.modules; bad = {'transformers', 'peft', 'safetensors'} & set(sys.modules);"
        "assert not bad, bad; print('fine', file=sys.stderr)"
    )
    with WorkerProcess("-c", script) as worker:
        assert "fine" in worker.close_stdin(60)[1]


def test_a_missing_torch_is_an_answer_with_a_hint() -> None:
    script = "import sys; sys.modules['torch'] = None; from amalgam_worker.__main__ import main; main()"
    with WorkerProcess("-c", script) as worker:
        for method in ("initialize", "merge"):
            params = PARAMS if method == "initialize" else MERGE_PARAMS
            error = worker.request(method, params)["error"]
            assert error["data"]["code"] == "package-missing"
            assert "AMALGAM_PYTHON" in error["data"]["hint"]
        assert worker.close_stdin()[0] == 0
