"""Scores a family and writes zoo/results/: the merges, the negations and the analogies of one seed."""

import csv
from collections.abc import Sequence
from pathlib import Path

from .analogy import ANALOGY, AnalogyResult, analogies
from .choose import Result, score_family
from .corner_training import decoder_trainer, encoder_decoder_trainer
from .loaded import TASKS, Family, draw_items
from .negation import Negation, negations
from .paired import ItemScores, mean_over_tasks, only, paired_difference, without
from .world import World

Row = Sequence[str]


def percent(share: float) -> str:
    return f"{100 * share:.1f}"


def task_percents(scores: ItemScores) -> list[str]:
    return [percent(scores[task].mean().item()) for task in TASKS]


def difference(a: ItemScores, b: ItemScores) -> list[str]:
    """Points and their standard error."""
    return [percent(value) for value in paired_difference(a, b)]


def nearest_rival(result: Result, parents: list[Result]) -> Result:
    """The parent over which the lead, counted in standard errors, is least."""

    def lead(parent: Result) -> float:
        value, error = paired_difference(result.scores, parent.scores)
        return value / max(error, 1e-9)

    return min((parent for parent in parents if parent.model != result.model), key=lead)


def merge_rows(results: list[Result], parents: tuple[str, ...]) -> list[Row]:
    singles = [result for result in results if result.model in parents]
    rows: list[Row] = [("model", "coefficients", *TASKS, "mean", "rival", "difference", "error")]
    for result in results:
        rival = nearest_rival(result, singles)
        rows.append(
            (
                result.model,
                result.coefficients,
                *task_percents(result.scores),
                percent(mean_over_tasks(result.scores)),
                rival.model,
                *difference(result.scores, rival.scores),
            )
        )
    return rows


def negation_rows(found: list[Negation], base: ItemScores) -> list[Row]:
    """Changes are against the base: of the target, and of the mean over the other tasks."""
    changes = ("target_change", "target_error", "others_change", "others_error")
    rows: list[Row] = [("target", "scale", "chosen", *TASKS, *changes)]
    for n in found:
        target = difference(only(n.scores, n.target), only(base, n.target))
        others = difference(without(n.scores, n.target), without(base, n.target))
        chosen = "on dev" if n.chosen else "no"
        rows.append((n.target, f"{n.scale}", chosen, *task_percents(n.scores), *target, *others))
    return rows


def analogy_rows(found: list[AnalogyResult]) -> list[Row]:
    """`lead` is what the analogy of the domain scores above the row's model."""
    rows: list[Row] = [("domain", "items", "model", "scale", "accuracy", "lead", "error")]
    best = {result.domain: result.scores for result in found if result.model == ANALOGY}
    for r in found:
        lead = ["", ""] if r.model == ANALOGY else difference({"": best[r.domain]}, {"": r.scores})
        scale = "" if r.scale is None else f"{r.scale}"
        rows.append((r.domain, f"{len(r.scores)}", r.model, scale, percent(r.scores.mean().item()), *lead))
    return rows


def write_rows(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    print(path.read_text(encoding="utf-8"), flush=True)


def report_family(zoo: Path, name: str, seed: int, world: World) -> None:
    """Write FAMILY-seed-N.csv, FAMILY-seed-N-negation.csv and FAMILY-seed-N-analogy.csv."""
    family = Family(zoo / name)
    dev, test = draw_items(zoo / "tasks", "dev"), draw_items(zoo / "tasks", "test")
    base = family.score(family.models["base"], test)
    train = (encoder_decoder_trainer if name == "encoder-decoder" else decoder_trainer)(family, seed)
    tables = {
        "": merge_rows(score_family(family, dev, test), family.parents),
        "-negation": negation_rows(negations(family, dev, test), base),
        "-analogy": analogy_rows(analogies(family, world, train)),
    }
    for ending, rows in tables.items():
        write_rows(zoo / "results" / f"{name}-seed-{seed}{ending}.csv", rows)
