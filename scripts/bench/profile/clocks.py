"""Where the time of threads goes, by clocks around functions."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Clock:
    """Seconds of one thread by what it did; what is done within something else counts for itself alone."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._doing: list[str] = []
        self._since = 0.0

    def enter(self, name: str) -> None:
        """Begins something, within what is being done."""
        self._pass()
        self._doing.append(name)

    def leave(self) -> None:
        """Ends what was begun last."""
        self._pass()
        self._doing.pop()

    def _pass(self) -> None:
        now = perf_counter()
        if self._doing:
            self.seconds[self._doing[-1]] += now - self._since
        self._since = now


class Clocks:
    """A clock for every thread that runs a timed function."""

    def __init__(self) -> None:
        self._own = threading.local()
        self._all: list[Clock] = []

    def timed(self, name: str, function: Callable[Given, Result]) -> Callable[Given, Result]:
        """The function, whose time counts as `name`."""

        @wraps(function)
        def within(*args: Given.args, **kwargs: Given.kwargs) -> Result:
            clock = self._clock()
            clock.enter(name)
            try:
                return function(*args, **kwargs)
            finally:
                clock.leave()

        return within

    def take(self) -> dict[str, float]:
        """Seconds of all threads together since this was last asked, by name."""
        total: defaultdict[str, float] = defaultdict(float)
        for clock in self._all:
            for name, seconds in clock.seconds.items():
                total[name] += seconds
            clock.seconds.clear()
        return dict(total)

    def _clock(self) -> Clock:
        clock: Clock | None = getattr(self._own, "clock", None)
        if clock is None:
            clock = self._own.clock = Clock()
            self._all.append(clock)
        return clock
