"""docs/zoo.md shows every table of zoo/results, number by number."""

import csv
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
RESULTS = sorted((ROOT / "zoo" / "results").glob("*.csv"))
BLOCK = re.compile(r"<!-- table: (\S+) -->\n(.*?)<!-- end -->", re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def blocks() -> dict[str, list[list[str]]]:
    """The cells of each table, without its heading and rule."""
    page = (ROOT / "docs" / "zoo.md").read_text(encoding="utf-8")
    tables = {name: text.strip().splitlines()[2:] for name, text in BLOCK.findall(page)}
    return {
        name: [[c.strip() for c in line.strip("|").split("|")] for line in t] for name, t in tables.items()
    }


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def numbers(text: str) -> list[str]:
    return sorted(NUMBER.findall(text.replace("+", " ")))


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_the_page_has_the_whole_table(path: Path) -> None:
    shown, rows = blocks()[path.stem], csv_rows(path)
    assert len(shown) == len(rows) > 2
    for cells, row in zip(shown, rows, strict=True):
        assert numbers(" ".join(cells)) == numbers(" ".join(row.values()))
        assert {cell for cell in row.values() if cell and not NUMBER.fullmatch(cell)} <= set(cells)


@pytest.mark.parametrize("family", ["decoder", "encoder-decoder"])
def test_the_overview_has_each_merges_lead_on_each_seed(family: str) -> None:
    shown = {cells[0]: cells[1:] for cells in blocks()[f"overview-{family}"]}
    for seed in range(3):
        rows = csv_rows(ROOT / "zoo" / "results" / f"{family}-seed-{seed}.csv")
        merged = {row["model"]: row for row in rows if row["coefficients"]}
        assert shown.keys() == merged.keys()
        for name, row in merged.items():
            assert numbers(shown[name][seed]) == numbers(f"{row['difference']} {row['error']}")


def test_every_seed_has_its_tables() -> None:
    kinds = ("", "-negation", "-analogy")
    families = ("decoder", "encoder-decoder")
    expected = {f"{family}-seed-{seed}{kind}" for family in families for seed in range(3) for kind in kinds}
    assert {path.stem for path in RESULTS} == expected
