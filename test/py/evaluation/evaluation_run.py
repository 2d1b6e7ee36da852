"""Runs an evaluation and keeps what it emits."""

from dataclasses import dataclass

from amalgam_worker.evaluation import evaluate
from amalgam_worker.protocol import EvaluateParams, EvaluateResult, LogNotification, MetricNotification


@dataclass(frozen=True)
class Run:
    result: EvaluateResult
    metrics: list[MetricNotification]
    logs: list[LogNotification]


def run_evaluation(params: EvaluateParams) -> Run:
    events: list[MetricNotification | LogNotification] = []
    result = evaluate(params, events.append, lambda: False)
    metrics = [event for event in events if isinstance(event, MetricNotification)]
    logs = [event for event in events if isinstance(event, LogNotification)]
    return Run(result, metrics, logs)
