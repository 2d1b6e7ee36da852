"""The disk begins with a shard before all of it is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from amalgam_worker.protocol import Shard, StepOutput
from amalgam_worker.tensors import writer
from amalgam_worker.tensors.early_flush import flush_and_forget
from amalgam_worker.tensors.writer import ShardFiles

PIECE = memoryview(bytes(1024 * 1024))


def test_asks_the_disk_each_time_that_enough_has_been_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    monkeypatch.setattr(writer, "flush_and_forget", asked.append)
    monkeypatch.setattr(writer, "_FLUSH_BYTES", 3 * len(PIECE))
    sink = ShardFiles(str(tmp_path), [Shard("a", "{}      ", 16 + 8 * len(PIECE))])
    output = StepOutput(0, 16, 8 * len(PIECE), "U8")
    for number in range(8):
        sink.write(output, number * len(PIECE), PIECE)
    sink.close()
    assert len(asked) == 2


def test_loses_nothing_and_does_not_mind_a_closed_file(tmp_path: Path) -> None:
    path, data = tmp_path / "shard", os.urandom(len(PIECE))
    with path.open("wb", buffering=0) as file:
        file.write(data[:5000])
        flush_and_forget(file.fileno())
        file.write(data[5000:])
        flush_and_forget(file.fileno())
        descriptor = os.dup(file.fileno())
    os.close(descriptor)
    flush_and_forget(descriptor)
    assert path.read_bytes() == data


def test_asks_nothing_where_the_system_has_no_such_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fadvise", raising=False)
    flush_and_forget(-1)
