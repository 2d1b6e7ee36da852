"""What a worker that is told to write no byte code keeps of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from helpers.worker import PACKAGE_FOLDER


def test_only_this_package_is_kept_compiled(tmp_path: Path) -> None:
    ours, other = tmp_path / "amalgam_worker", tmp_path / "torch"
    shutil.copytree(PACKAGE_FOLDER / "amalgam_worker", ours, ignore=shutil.ignore_patterns("__pycache__"))
    other.mkdir()
    (other / "__init__.py").write_text("raise ImportError\n", encoding="utf-8")
    command = [sys.executable, "-B", "-m", "amalgam_worker"]
    subprocess.run(command, cwd=tmp_path, stdin=subprocess.DEVNULL, check=True, timeout=60)
    kept = {path.name.split(".")[0] for path in (ours / "__pycache__").iterdir()}
    assert {"handlers", "protocol", "server"} <= kept
    assert not (other / "__pycache__").exists()
