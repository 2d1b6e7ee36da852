"""Kernels are compared once with a torch, and again where something has changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from amalgam_worker.native import library as loading
from amalgam_worker.native.agreement import recall, remember
from amalgam_worker.native.library import in_use, load, load_compared, unload
from amalgam_worker.native.table import TABLE
from helpers.compiled import library

COMPARED = list[str]()


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Notes which kernels are compared; the first one is found to differ."""
    COMPARED.clear()

    def agrees(symbol: str) -> bool:
        COMPARED.append(symbol)
        return symbol != TABLE[0][0].symbol

    table = [(kernel, lambda call, symbol=kernel.symbol: agrees(symbol)) for kernel, _ in TABLE]
    monkeypatch.setattr(loading, "TABLE", table)
    yield
    unload()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copy(library(), tmp_path))


def test_the_second_load_compares_nothing_and_uses_the_same(copied: Path) -> None:
    wrong = TABLE[0][0].symbol
    assert load_compared(copied) == [wrong]
    first = {kernel.symbol for kernel in in_use()}
    assert len(COMPARED) == len(TABLE)
    unload()
    assert load_compared(copied) == [wrong]
    assert {kernel.symbol for kernel in in_use()} == first
    assert len(first) == len(TABLE) - 1
    assert len(COMPARED) == len(TABLE)


def test_the_doctor_compares_again(copied: Path) -> None:
    load(copied)
    load(copied)
    assert len(COMPARED) == 2 * len(TABLE)


def test_another_torch_is_compared(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    remember(copied, [])
    assert recall(copied) == []
    monkeypatch.setattr(torch, "__version__", "9.9.9")
    assert recall(copied) is None


def test_another_library_is_compared(copied: Path) -> None:
    remember(copied, [])
    assert recall(copied.with_name("other.so")) is None


@pytest.mark.parametrize("text", ["", "{", "{}", "\x00"])
def test_what_cannot_be_read_is_compared(copied: Path, text: str) -> None:
    remember(copied, [])
    (kept,) = copied.parent.glob("*.json")
    kept.write_text(text)
    assert recall(copied) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write anywhere")
def test_a_folder_that_cannot_be_written_is_no_matter(copied: Path) -> None:
    copied.parent.chmod(0o500)
    assert load_compared(copied) != []
    copied.parent.chmod(0o700)
