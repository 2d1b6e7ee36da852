"""What the doctor is told, and what a merge does beside its work."""

from __future__ import annotations

import shutil
import stat
import threading
from pathlib import Path

import pytest

from amalgam_worker.native import start
from amalgam_worker.native.library import in_use, unload
from amalgam_worker.native.status import describe
from helpers.compiled import compiler, library

LARGE = start.LEAST_TO_BUILD


def environment(folder: Path, **more: str) -> dict[str, str]:
    command = " ".join(compiler().command)
    return {start.FOLDER: str(folder), "CXX": command, **more}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "_started", set())


def prepared(input_bytes: int, given: dict[str, str]) -> int:
    """How many kernels are in use once the background thread has ended."""
    start.prepare(input_bytes, given)
    for thread in threading.enumerate():
        if thread.name == "kernels":
            thread.join()
    count = len(in_use())
    unload()
    return count


def test_a_large_merge_compiles_and_the_next_one_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = environment(tmp_path)
    assert describe(given)[0] == "note"
    assert prepared(LARGE, given) > 0
    monkeypatch.setattr(start, "_started", set())
    assert prepared(LARGE // 10, given) > 0
    state, text, _ = describe(given)
    unload()
    assert state == "ok"
    assert "ready" in text


def test_smaller_merges_compile_nothing(tmp_path: Path) -> None:
    assert prepared(LARGE - 1, environment(tmp_path)) == 0
    assert list(tmp_path.iterdir()) == []


def test_tiny_merges_do_not_load(tmp_path: Path) -> None:
    shutil.copy(library(), tmp_path)
    assert prepared(10**6, environment(tmp_path)) == 0


@pytest.mark.parametrize("value", ["off", "0", "Off"])
def test_the_user_can_turn_it_off(tmp_path: Path, value: str) -> None:
    given = environment(tmp_path, AMALGAM_COMPILED_KERNELS=value)
    assert prepared(LARGE, given) == 0
    assert list(tmp_path.iterdir()) == []
    assert f"AMALGAM_COMPILED_KERNELS={value}" in describe(given)[1]


def test_without_a_compiler_torch_does_everything(tmp_path: Path) -> None:
    given = {start.FOLDER: str(tmp_path), "PATH": str(tmp_path)}
    assert prepared(LARGE, given) == 0
    assert "no C++ compiler" in describe(given)[1]


def test_the_doctor_tells_why_a_build_failed(tmp_path: Path) -> None:
    failing = tmp_path / "failing++"
    failing.write_text("#!/bin/sh\necho 'error: the disk of the compiler is on fire' >&2\nexit 1\n")
    failing.chmod(failing.stat().st_mode | stat.S_IXUSR)
    given = {start.FOLDER: str(tmp_path / "cache"), "CXX": str(failing)}
    assert prepared(LARGE, given) == 0
    state, text, fix = describe(given)
    assert state == "warning"
    assert "on fire" in text
    assert fix is not None


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    given = environment(tmp_path / "file" / "cache")
    assert prepared(LARGE, given) == 0
    assert "cannot be written" in describe(given)[1]


def test_who_wants_to_know_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = environment(tmp_path)
    shutil.copy(library(), tmp_path)
    assert prepared(LARGE, given) > 0
    assert capsys.readouterr().err == ""
    start._started.clear()
    prepared(LARGE, {**given, "AMALGAM_DEBUG": "1"})
    assert "compiled kernels: in use after" in capsys.readouterr().err
