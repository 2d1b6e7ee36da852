"""Scores of examples in a file that grows while they are computed, so that a later run takes them from it."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from ..protocol import EvaluateParams, EvaluationTask
from .examples import Example
from .scoring import Outcome

# To be raised whenever the same model and example could get another score.
EVALUATION_VERSION = 1
# Their versions are part of what scores are kept under.
SCORING_PACKAGES = ("torch", "transformers", "rouge-score")


def digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def example_key(example: Example) -> str:
    """Stands for all of an example's content, its id and target too."""
    return digest([type(example).__name__, asdict(example)])


def scoring_versions() -> list[str]:
    """Of each of SCORING_PACKAGES; a package that no task needs may be absent."""
    found = []
    for package in SCORING_PACKAGES:
        try:
            found.append(version(package))
        except PackageNotFoundError:
            found.append("")
    return found


def scores_key(params: EvaluateParams, task: EvaluationTask, device: torch.device) -> str:
    """Stands for everything but the example that a score depends on, and not for where the examples lie.

    The dtype follows from the kind of device and the model's files, which `model_key` stands for.
    """
    return digest(
        [
            EVALUATION_VERSION,
            params.model_key,
            task.max_sequence_length,
            task.max_generation_length,
            task.choice_prefix,
            device.type,
            *scoring_versions(),
        ]
    )


def line_of(key: str, outcome: Outcome) -> str:
    return json.dumps({"example": key, **asdict(outcome)})


def parsed_line(line: bytes) -> tuple[str, Outcome] | None:
    """None for a line that is torn or foreign."""
    try:
        value: dict[str, Any] = json.loads(line)
        key, score = value["example"], value["score"]
        prediction, metrics = value["prediction"], value["metrics"]
        numbers = [*metrics.values(), *(() if score is None else (score,))]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    sound = isinstance(key, str) and isinstance(prediction, str)
    if not sound or not all(isinstance(number, float) and 0 <= number <= 1 for number in numbers):
        return None
    return key, Outcome(score, prediction, metrics)


@dataclass(slots=True)
class KeptScores:
    """One file of scores; several processes may read and append to it at once.

    A file that cannot be written is said once, by `warn`, and the scores are then not kept.
    """

    path: Path
    warn: Callable[[str], None]
    writable: bool = field(default=True)

    def read(self) -> dict[str, Outcome]:
        """What is there, by the example's key; unreadable lines and files count as nothing."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except OSError:
            return {}
        return dict(pair for line in lines if (pair := parsed_line(line)) is not None)

    def append(self, outcomes: Iterable[tuple[str, Outcome]]) -> None:
        """Appends in one unbuffered write: a kill tears no line but the last, and the next starts anew."""
        if not self.writable:
            return
        text = "".join(f"{line_of(key, outcome)}\n" for key, outcome in outcomes)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab", buffering=0) as file:
                file.write(b"\n" + text.encode())
        except OSError as error:
            self.writable = False
            self.warn(f"scores are not kept for a later run: cannot write {self.path}: {error.strerror}")


def file_name(task: str, key: str) -> str:
    """Of a task of any name."""
    return f"{re.sub('[^A-Za-z0-9_-]', '_', task)[:60]}-{key}.jsonl"
