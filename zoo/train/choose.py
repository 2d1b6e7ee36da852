"""Chooses each method's coefficients on the dev draw and reports models and merges on the test draw."""

import copy
import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from peft import PeftModel
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from .candidates import Candidate, candidates
from .documents import Item
from .evaluation_sets import read_items
from .merging import merge_states
from .scoring import item_scores

TASKS = ("arithmetic", "knowledge", "summary")
ItemScores = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Result:
    model: str
    coefficients: str
    scores: ItemScores


def draw_items(tasks_folder: Path, draw: str) -> dict[str, list[Item]]:
    return {task: read_items(tasks_folder / f"{task}.{draw}.csv") for task in TASKS}


def mean_over_tasks(scores: ItemScores) -> float:
    return sum(values.mean().item() for values in scores.values()) / len(scores)


def paired_difference(a: ItemScores, b: ItemScores) -> tuple[float, float]:
    """Difference of the means over tasks, and its standard error over the same items."""
    differences = [a[task] - b[task] for task in a]
    variance = sum(d.var().item() / len(d) for d in differences)
    return sum(d.mean().item() for d in differences) / len(a), math.sqrt(variance) / len(a)


class Family:
    """The models of one folder, loaded once in float32."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = cast(PreTrainedTokenizerFast, AutoTokenizer.from_pretrained(folder / "base"))
        self.specialists = tuple(task for task in TASKS if (folder / task).exists())
        kind = AutoModelForSeq2SeqLM if folder.name == "encoder-decoder" else AutoModelForCausalLM
        self.models: dict[str, PreTrainedModel] = {
            name: kind.from_pretrained(folder / name, dtype=torch.float32).eval()
            for name in ("base", *self.specialists)
        }
        for adapter in sorted(folder.glob("*-lora-*")):
            base = copy.deepcopy(self.models["base"])
            self.models[adapter.name] = cast(PreTrainedModel, PeftModel.from_pretrained(base, adapter).eval())
        self.scratch = copy.deepcopy(self.models["base"])

    def score(self, model: PreTrainedModel, items: dict[str, list[Item]]) -> ItemScores:
        return {task: item_scores(model, self.tokenizer, items[task]) for task in TASKS}

    def merged(self, candidate: Candidate) -> PreTrainedModel:
        """The merge rounded to bf16, as it would be stored; overwritten by the next call."""
        states = [self.models[name].state_dict() for name in candidate.models]
        merged = merge_states(self.models["base"].state_dict(), states, candidate.merge)
        self.scratch.load_state_dict(
            {name: tensor.to(torch.bfloat16).float() for name, tensor in merged.items()}
        )
        return self.scratch


def chosen(family: Family, dev: dict[str, list[Item]]) -> list[Candidate]:
    """Of each method the candidate with the best mean over tasks on the dev draw; of equals the first."""
    best: dict[str, tuple[float, Candidate]] = {}
    for candidate in candidates(family.specialists):
        mean = mean_over_tasks(family.score(family.merged(candidate), dev))
        if candidate.method not in best or mean > best[candidate.method][0]:
            best[candidate.method] = (mean, candidate)
    return [candidate for _, candidate in best.values()]


def report(family_folder: Path, tasks_folder: Path) -> list[Result]:
    """All single models and the chosen merge of each method, scored on the test draw."""
    family = Family(family_folder)
    winners = chosen(family, draw_items(tasks_folder, "dev"))
    test = draw_items(tasks_folder, "test")
    results = [Result(name, "", family.score(model, test)) for name, model in family.models.items()]
    for candidate in winners:
        scores = family.score(family.merged(candidate), test)
        results.append(Result(candidate.method, candidate.coefficients, scores))
    return results


def write_report(path: Path, results: list[Result], parents: tuple[str, ...]) -> None:
    """A CSV table in percent; `margin` is the least paired difference to a parent, in standard errors."""
    by_name = {result.model: result for result in results}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["model", "coefficients", *TASKS, "mean", "margin"])
        for result in results:
            others = [by_name[name] for name in parents if name != result.model]
            pairs = [paired_difference(result.scores, other.scores) for other in others]
            margin = min(difference / max(error, 1e-9) for difference, error in pairs)
            percents = [f"{100 * result.scores[task].mean().item():.1f}" for task in TASKS]
            mean = f"{100 * mean_over_tasks(result.scores):.1f}"
            writer.writerow([result.model, result.coefficients, *percents, mean, f"{margin:.1f}"])


def report_family(zoo: Path, family: str, seed: int) -> None:
    """Write zoo/results/FAMILY-seed-N.csv."""
    folder = zoo / family
    parents = ("base", *(task for task in TASKS if (folder / task).exists()))
    path = zoo / "results" / f"{family}-seed-{seed}.csv"
    path.parent.mkdir(exist_ok=True)
    write_report(path, report(folder, zoo / "tasks"), parents)
    print(path.read_text(encoding="utf-8"), flush=True)
