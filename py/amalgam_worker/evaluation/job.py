"""What a request for an evaluation asks, and how it hears of it."""

from collections.abc import Callable
from dataclasses import dataclass

from ..protocol import EvaluateParams, LogNotification, MetricNotification


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for, where events go, and what raises WorkerError `cancelled` once it should end."""

    params: EvaluateParams
    emit: Callable[[MetricNotification | LogNotification], None]
    check_cancelled: Callable[[], None]

    def warn(self, message: str) -> None:
        self.emit(LogNotification("warning", message))
