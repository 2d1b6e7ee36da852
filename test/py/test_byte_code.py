"""What a worker that is told to write no byte code keeps of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, cast

from amalgam_worker.framing import frame, read_frame
from amalgam_worker.protocol import PROTOCOL
from helpers.worker import PACKAGE_FOLDER


def test_only_this_package_is_kept_compiled(tmp_path: Path) -> None:
    ours, other = tmp_path / "amalgam_worker", tmp_path / "torch"
    shutil.copytree(PACKAGE_FOLDER / "amalgam_worker", ours, ignore=shutil.ignore_patterns("__pycache__"))
    other.mkdir()
    (other / "__init__.py").write_text("raise ImportError\n", encoding="utf-8")
    command = [sys.executable, "-B", "-m", "amalgam_worker"]
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocol": PROTOCOL}}
    with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(frame(json.dumps(request).encode()))
        worker.stdin.flush()
        answer = read_frame(cast(BinaryIO, worker.stdout))
        worker.stdin.close()
    # The other package has been asked for by then.
    assert answer is not None
    assert b"cannot import torch" in answer
    kept = {path.name.split(".")[0] for path in (ours / "__pycache__").iterdir()}
    assert {"handlers", "protocol", "server"} <= kept
    assert not (other / "__pycache__").exists()
