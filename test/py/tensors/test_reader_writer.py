"""Reading and writing in place: exact bytes, short files, full disks, fallbacks."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import InputFile, Shard, StepOutput
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.writer import ShardFiles

HEADER = '{"w":{}}'
OUTPUT = StepOutput(0, 24, 8, "U8")


def input_files(path: Path) -> InputFiles:
    return InputFiles([InputFile(str(path), 0, "0")])


def shard_files(folder: Path, size: int = 32) -> ShardFiles:
    return ShardFiles(str(folder), [Shard("a.safetensors", HEADER, size)])


def test_short_file_names_the_file_and_the_place(tmp_path: Path) -> None:
    path = tmp_path / "short.safetensors"
    path.write_bytes(b"x" * 10)
    with pytest.raises(WorkerError) as caught:
        input_files(path).read(0, 4, memoryview(bytearray(10)))
    assert caught.value.code == "read-failed"
    assert f"{path} ends at byte 10, but holds a tensor up to byte 14" in caught.value.message


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WorkerError) as caught:
        input_files(tmp_path / "none").read(0, 0, memoryview(bytearray(1)))
    assert caught.value.code == "read-failed"
    assert "No such file" in caught.value.message


def test_partial_reads_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(100)))
    whole = os.preadv
    monkeypatch.setattr(os, "preadv", lambda fd, buffers, offset: whole(fd, [buffers[0][:7]], offset))
    target = bytearray(60)
    input_files(path).read(0, 20, memoryview(target))
    assert target == bytes(range(20, 80))


def test_layout_of_a_shard(tmp_path: Path) -> None:
    sink = shard_files(tmp_path)
    sink.write(OUTPUT, 4, memoryview(b"5678"))
    sink.write(OUTPUT, 0, memoryview(b"1234"))
    sink.close()
    data = (tmp_path / "a.safetensors").read_bytes()
    assert data == (8).to_bytes(8, "little") + HEADER.encode() + bytes(8) + b"12345678"


def test_files_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        shard_files(tmp_path).close()
    finally:
        os.umask(before)
    assert (tmp_path / "a.safetensors").stat().st_mode & 0o777 == 0o640


def test_an_older_longer_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(b"z" * 100)
    shard_files(tmp_path).close()
    assert (tmp_path / "a.safetensors").read_bytes()[16:] == bytes(16)


@pytest.mark.parametrize("kernel_copies", [True, False])
def test_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kernel_copies: bool) -> None:
    path = tmp_path / "in"
    path.write_bytes(os.urandom(3_000_000))
    if not kernel_copies:

        def refuse(*arguments: object) -> int:
            raise OSError(errno.EXDEV, "cross-device")

        monkeypatch.setattr(os, "copy_file_range", refuse)
    sink = shard_files(tmp_path, 3_000_000)
    sink.copy(StepOutput(0, 16, 2_999_984, "U8"), 4, 2_500_000, input_files(path), 0, 1000)
    sink.close()
    data = (tmp_path / "a.safetensors").read_bytes()
    assert data[20:2_500_020] == path.read_bytes()[1000:2_501_000]
    assert set(data[2_500_020:]) == {0}


def test_copying_from_a_short_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(b"123")
    with pytest.raises(WorkerError) as caught:
        shard_files(tmp_path).copy(OUTPUT, 0, 8, input_files(path), 0, 0)
    assert caught.value.code == "read-failed"


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "no-space"), (errno.EIO, "write-failed")])
@pytest.mark.parametrize("call", ["posix_fallocate", "pwrite", "fsync", "copy_file_range"])
def test_failed_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, code: str
) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(number, os.strerror(number))

    (tmp_path / "in").write_bytes(bytes(8))
    monkeypatch.setattr(os, call, fail)
    with pytest.raises(WorkerError) as caught:
        sink = shard_files(tmp_path)
        sink.copy(OUTPUT, 0, 8, input_files(tmp_path / "in"), 0, 0)
        sink.close()
    assert caught.value.code == code
    assert str(tmp_path / "a.safetensors") in caught.value.message


def test_no_preallocation_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(os, "posix_fallocate", fail)
    shard_files(tmp_path).close()
    assert (tmp_path / "a.safetensors").stat().st_size == 32


def test_a_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(WorkerError) as caught:
        shard_files(tmp_path / "none")
    assert caught.value.code == "write-failed"
