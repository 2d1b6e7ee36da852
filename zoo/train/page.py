"""Fill the tables of docs/zoo.md from zoo/results: `python -m train.page` in the folder zoo/."""

import csv
import re
from pathlib import Path

ZOO = Path(__file__).resolve().parents[1]
PAGE = ZOO.parent / "docs" / "zoo.md"
TASKS = ("arithmetic", "knowledge", "summary")
BLOCK = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
"""A table stands between its marker, which names a file of zoo/results or `overview-FAMILY`, and the end."""

Rows = list[dict[str, str]]


def read_rows(results: Path, name: str) -> Rows:
    with (results / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def markdown(columns: list[str], rows: list[list[str]], texts: int) -> str:
    """A table whose first `texts` columns are aligned to the left and the others to the right."""
    rule = ["---"] * texts + ["--:"] * (len(columns) - texts)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (columns, rule, *rows))


def with_error(value: str, error: str) -> str:
    sign = "" if not value or value.startswith("-") else "+"
    return f"{sign}{value} ± {error}" if value else ""


def merges(rows: Rows) -> str:
    shown = ("model", "coefficients", "rival", *TASKS, "mean")
    cells = [[*(r[key] for key in shown), with_error(r["difference"], r["error"])] for r in rows]
    return markdown([*shown, "lead over the rival"], cells, 3)


def negations(rows: Rows) -> str:
    shown = ("target", "chosen", "scale", *TASKS)
    changes = (("target_change", "target_error"), ("others_change", "others_error"))
    cells = [[*(r[key] for key in shown), *(with_error(r[c], r[e]) for c, e in changes)] for r in rows]
    return markdown([*shown, "change of the target", "change of the others"], cells, 2)


def analogies(rows: Rows) -> str:
    shown = ("domain", "model", "items", "scale", "accuracy")
    cells = [[*(r[key] for key in shown), with_error(r["lead"], r["error"])] for r in rows]
    return markdown([*shown, "lead of the analogy"], cells, 2)


def overview(results: Path, family: str) -> str:
    """Each merge's lead over its nearest rival, seed by seed."""
    files = sorted(path.stem for path in results.glob(f"{family}-seed-?.csv"))
    seeds = [{r["model"]: r for r in read_rows(results, file)} for file in files]
    merged = [name for name, row in seeds[0].items() if row["coefficients"]]
    cells = [
        [name, *(with_error(seed[name]["difference"], seed[name]["error"]) for seed in seeds)]
        for name in merged
    ]
    return markdown(["merge", *(f"seed {file[-1]}" for file in files)], cells, 1)


def table(results: Path, name: str) -> str:
    if name.startswith("overview-"):
        return overview(results, name.removeprefix("overview-"))
    rows = read_rows(results, name)
    if name.endswith("-negation"):
        return negations(rows)
    return analogies(rows) if name.endswith("-analogy") else merges(rows)


def filled(page: str, results: Path) -> str:
    return BLOCK.sub(lambda block: f"{block[1]}{table(results, block[2])}{block[3]}", page)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), ZOO / "results"), encoding="utf-8")
