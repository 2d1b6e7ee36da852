"""Thinned notifications."""

from __future__ import annotations

import threading
import time

from amalgam_worker.coalesce import INTERVAL, Coalescer


def test_the_last_value_of_every_key_is_sent_last() -> None:
    sent: list[object] = []
    with Coalescer(sent.append, lambda: None) as coalescer:
        for number in range(10_000):
            coalescer.put("a" if number % 2 else "b", number)
    assert sent[-2:] == [9998, 9999]
    assert len(sent) < 1000


def test_no_more_than_twenty_a_second() -> None:
    times: list[float] = []
    enough = threading.Event()

    def send(value: object) -> None:
        times.append(time.monotonic())
        if len(times) == 4:
            enough.set()

    with Coalescer(send, lambda: None) as coalescer:
        while not enough.is_set():
            coalescer.put("progress", 1)
    assert times[3] - times[0] >= 3 * INTERVAL * 0.99


def test_a_slow_reader_does_not_slow_the_work() -> None:
    release = threading.Event()

    def send(value: object) -> None:
        release.wait(10)

    with Coalescer(send, lambda: None) as coalescer:
        started = time.monotonic()
        for number in range(1000):
            coalescer.put("progress", number)
        assert time.monotonic() - started < 1
        release.set()


def test_ticks_happen_even_without_values() -> None:
    ticks: list[None] = []
    with Coalescer(lambda value: None, lambda: ticks.append(None)):
        pass
    assert ticks
