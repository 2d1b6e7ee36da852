"""Evaluation sets for tests, as CSV files, and the parameters of an evaluation over them."""

import csv
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from amalgam_worker.protocol import EvaluateParams, EvaluationTask, TaskData

COLUMNS = ("id", "input", "target", "answer_choices", "eval_type")
WORDS = [
    "the",
    "fox",
    "owl",
    "heron",
    "otter",
    "eats",
    "hunts",
    "found",
    "sleeps",
    "red",
    "silver",
    "fish",
    "near",
]

CsvRow = tuple[str, ...]


def phrase(rng: random.Random, shortest: int, longest: int) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(shortest, longest)))


def multiple_choice_rows(count: int, seed: int = 0) -> list[CsvRow]:
    """Two to five choices of one to four words, after prompts of two to thirty."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        choices = [" " + phrase(rng, 1, 4) for _ in range(rng.randint(2, 5))]
        target = str(rng.randrange(len(choices)))
        rows.append((f"mc-{number}", phrase(rng, 2, 30), target, repr(choices), "multiple_choice"))
    return rows


def generation_rows(count: int, seed: int = 0) -> list[CsvRow]:
    rng = random.Random(seed)
    return [(f"gen-{n}", phrase(rng, 2, 40), phrase(rng, 3, 8), "", "generation") for n in range(count)]


def without_targets(rows: Sequence[CsvRow]) -> list[CsvRow]:
    return [(row[0], row[1], "", row[3], row[4]) for row in rows]


def write_jsonl(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def write_csv(path: Path, rows: Sequence[CsvRow], columns: Sequence[str] = COLUMNS) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def evaluation_task(
    path: Path,
    kind: Literal["multiple_choice", "generation", "by_row"],
    longest: int = 200,
    new_tokens: int = 8,
    prefix: Literal["none", "bos"] = "none",
) -> EvaluationTask:
    return EvaluationTask(
        name=path.stem,
        kind=kind,
        data=TaskData("csv" if path.suffix == ".csv" else "jsonl", str(path), None, None, None, {}),
        harness=None,
        max_sequence_length=longest,
        max_generation_length=None if kind == "multiple_choice" else new_tokens,
        choice_prefix=prefix,
    )


def evaluation_params(
    model: Path,
    tasks: Sequence[EvaluationTask],
    adapter: Path | None = None,
    limit: int | None = None,
    batch_size: int | None = None,
) -> EvaluateParams:
    return EvaluateParams(
        job=7,
        model_path=str(model),
        adapter_path=None if adapter is None else str(adapter),
        plan_path=None,
        tasks=list(tasks),
        limit=limit,
        sample_seed=None,
        batch_size=batch_size,
        device="cpu",
        threads=1,
        kept_scores=None,
        model_key="",
    )
