"""Requests that arrive while the worker still imports torch in the background."""

from __future__ import annotations

import threading

import pytest

from amalgam_worker import handlers


def test_only_one_thread_imports_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that import modules of one package at once can deadlock; here they would meet."""
    met = []
    meeting = threading.Barrier(2)

    def import_slowly(name: str) -> None:
        try:
            meeting.wait(timeout=0.3)
            met.append(name)
        except threading.BrokenBarrierError:
            pass

    monkeypatch.setattr(handlers.importlib, "import_module", import_slowly)
    threads = [
        threading.Thread(target=handlers.import_torch),
        threading.Thread(target=handlers._torch_version),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == []
