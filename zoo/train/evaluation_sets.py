"""Writes and reads the evaluation sets: CSV files in the form of the LLM-Merging starter kit."""

import ast
import csv
from pathlib import Path

from .documents import Item

HEADER = ("id", "input", "target", "answer_choices", "eval_type")


def write_items(path: Path, task: str, draw: str, items: list[Item]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for number, item in enumerate(items):
            choices = repr(list(item.choices)) if item.choices else ""
            kind = "multiple_choice" if item.choices else "generation"
            writer.writerow([f"{task}-{draw}-{number}", item.prompt, item.target, choices, kind])


def read_items(path: Path) -> list[Item]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        Item(row["input"], row["target"], tuple(ast.literal_eval(row["answer_choices"] or "[]")))
        for row in rows
    ]
