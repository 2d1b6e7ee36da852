"""Compare the outputs of both programs: `python -m parity.compare FOLDER [--known-gaps] --methods A,B,...`.

Prints a line for each group, every difference, and the counts; exits with 1 if anything failed.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from parity.comparisons.case import Comparison, compare_case
from parity.comparisons.expected import compare_stack
from parity.comparisons.verdict import Difference
from parity.differences import undocumented

_SHOWN = 6


@dataclass
class Group:
    """Counts of the cases that share a heading."""

    cases: int = 0
    tensors: int = 0
    failed: int = 0
    lines: list[str] = field(default_factory=list)


def _judge(root: Path, case: dict[str, Any], outcomes: dict[str, dict[str, str | None]]) -> Comparison:
    name = case["name"]
    stacked = "layer-lists" in case["differences"] and outcomes["mergekit"][name] is not None
    for program in ("amalgam",) if stacked else ("mergekit", "amalgam"):
        fault = outcomes[program][name]
        if fault is not None:
            return Comparison(0, [Difference(program, fault)])
    return Comparison(*compare_stack(root, case)) if stacked else compare_case(root, case)


def _describe(name: str, differences: Sequence[Difference]) -> list[str]:
    lines = [f"  {name}: {difference.where}: {difference.what}" for difference in differences[:_SHOWN]]
    left = len(differences) - _SHOWN
    return [*lines, f"  {name}: and {left} more"] if left > 0 else lines


def main(root: Path, methods: Sequence[str], known_gaps: bool) -> int:
    """Compare every case; gives the exit code."""
    torch.set_num_threads(1)
    cases = json.loads((root / "cases.json").read_text(encoding="utf-8"))
    outcomes = {
        program: json.loads((root / f"{program}.json").read_text(encoding="utf-8"))
        for program in ("mergekit", "amalgam")
    }
    supported = [case for case in cases if case["recipe"]["merge_method"] in methods]
    groups: dict[str, Group] = {}
    differences = 0
    for case in supported:
        group = groups.setdefault(case["group"], Group())
        result = _judge(root, case, outcomes)
        group.cases += 1
        group.tensors += result.tensors
        group.failed += bool(result.differences)
        group.lines += _describe(case["name"], result.differences)
        differences += len(result.differences)
    for name, group in groups.items():
        verdict = "equal" if group.failed == 0 else f"{group.failed} of {group.cases} cases differ"
        print(f"parity {name:<18} {group.cases:>3} cases {group.tensors:>6} tensors  {verdict}")
        print("\n".join(group.lines), end="\n" if group.lines else "")
    missing = len(cases) - len(supported)
    if missing:
        lacking = sorted({case["recipe"]["merge_method"] for case in cases} - set(methods))
        print(f"not supported by amalgam: {missing} cases ({', '.join(lacking)})")
    rows = undocumented()
    if rows:
        print(f"docs/mergekit.md lacks rows of `python -m parity.differences`: {', '.join(rows)}")
    failed = bool(rows) + sum(group.failed for group in groups.values())
    tensors = sum(group.tensors for group in groups.values())
    print(f"parity: {tensors} tensors in {len(supported)} cases compared, {differences} differences")
    counted = failed if known_gaps else failed + missing
    print(f"{len(supported) + 1 - failed} passed, {counted} failed")
    return 1 if counted else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("root", type=Path)
    parser.add_argument("--methods", required=True)
    parser.add_argument("--known-gaps", action="store_true")
    given = parser.parse_args()
    sys.exit(main(given.root.resolve(), given.methods.split(","), given.known_gaps))
