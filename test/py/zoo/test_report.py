"""The tables' numbers: paired differences, nearest rivals, what negation and analogy choose and compare."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

for package in ("transformers", "peft", "rouge_score"):
    pytest.importorskip(package)

from train import negation, report  # noqa: E402
from train.analogy import ANALOGY, AnalogyResult, combinations, score_sum  # noqa: E402
from train.choose import Result  # noqa: E402
from train.paired import ItemScores, mean_over_tasks, paired_difference  # noqa: E402
from train.square import DOMAINS, NOTES, QUESTIONS, note_items, square_documents  # noqa: E402
from train.world import make_world  # noqa: E402

TASKS = ("arithmetic", "knowledge", "summary")


def random_scores(seed: int, shift: float = 0.0) -> ItemScores:
    generator = torch.Generator().manual_seed(seed)
    return {
        task: torch.rand(n, generator=generator) * 0.5 + shift
        for task, n in zip(TASKS, (9, 14, 30), strict=True)
    }


def test_paired_difference_is_the_formula() -> None:
    a, b = random_scores(1), random_scores(2)
    value, error = paired_difference(a, b)
    gaps = [(a[task].double() - b[task].double()).numpy() for task in TASKS]
    assert value == pytest.approx(np.mean([gap.mean() for gap in gaps]), abs=1e-6)
    assert error == pytest.approx(np.sqrt(sum(gap.var(ddof=1) / len(gap) for gap in gaps)) / 3, abs=1e-6)


def test_the_rival_is_the_parent_with_the_least_lead_in_standard_errors() -> None:
    steady = random_scores(3, 0.2)
    merge = {task: values + 0.1 for task, values in steady.items()}
    noisy = random_scores(4, 0.0)
    rows = report.merge_rows(
        [Result("base", "", noisy), Result("knowledge", "", steady), Result("ties", "density 0.5", merge)],
        ("base", "knowledge"),
    )
    cells = dict(zip(rows[0], rows[-1], strict=True))
    # The base is further behind, but its noise makes the lead over it the least certain.
    assert cells["rival"] == "base"
    value, error = paired_difference(merge, noisy)
    assert (cells["difference"], cells["error"]) == (f"{100 * value:.1f}", f"{100 * error:.1f}")
    assert cells["mean"] == f"{100 * mean_over_tasks(merge):.1f}"


class Line:
    """A family whose merge is a number: the scale of the only specialist's task vector."""

    specialists = ("knowledge",)
    models: ClassVar[dict[str, float]] = {"base": 0.0}

    def state(self, name: str) -> dict[str, torch.Tensor]:
        return {"w": torch.ones(1)}

    def merged(self, states: list[dict[str, torch.Tensor]], merge: Any) -> float:
        return float(merge("w", torch.zeros(1), [state["w"] for state in states]))

    def score(self, model: float, items: object) -> ItemScores:
        return {
            "arithmetic": torch.full((4,), 0.5 + 0.06 * model),
            "knowledge": torch.full((4,), 0.4 + 0.3 * model),
            "summary": torch.full((4,), 0.5 + 0.06 * model),
        }


def test_negation_takes_the_largest_loss_that_keeps_the_rest() -> None:
    family: Any = Line()
    # The others fall by 12 % of their score for the whole vector: 0.4 of it costs 4.8 %, 0.5 of it 6 %.
    chosen, whole = negation.negations(family, {}, {})
    assert (chosen.scale, chosen.chosen, whole.scale, whole.chosen) == (0.4, True, 1.0, False)
    assert chosen.scores["knowledge"][0].item() == pytest.approx(0.28)
    rows = report.negation_rows([chosen], family.score(0.0, {}))
    cells = dict(zip(rows[0], rows[1], strict=True))
    assert (cells["target_change"], cells["others_change"]) == ("-12.0", "-2.4")


def test_the_analogy_is_a_sum_and_a_difference_of_task_vectors() -> None:
    base = torch.tensor([1.0, 2.0])
    corners = {
        ("life", QUESTIONS): torch.tensor([3.0, 1.0]),
        ("senses", NOTES): torch.tensor([0.0, 8.0]),
        ("senses", QUESTIONS): torch.tensor([2.0, 4.0]),
    }
    seen: list[torch.Tensor] = []

    def merged(states: list[dict[str, torch.Tensor]], merge: Any) -> Any:
        seen.append(merge("w", base, [state["w"] for state in states]))
        return SimpleNamespace()

    family: Any = SimpleNamespace(merged=merged, tokenizer=None)
    states = {corner: {"w": tensor} for corner, tensor in corners.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("train.analogy.item_scores", lambda *_: torch.zeros(1))
        score_sum(family, states, combinations("life")[ANALOGY], 0.5, [])
    question, notes, subtracted = (tensor - base for tensor in corners.values())
    assert torch.equal(seen[0], base + 0.5 * (question + notes - subtracted))


def test_a_lead_is_the_analogys_over_the_row() -> None:
    right, wrong = torch.tensor([1.0, 1.0, 1.0, 0.0]), torch.tensor([1.0, 0.0, 0.0, 0.0])
    rows = report.analogy_rows(
        [AnalogyResult("life", "base", None, wrong), AnalogyResult("life", ANALOGY, 0.6, right)]
    )
    error = 100 * np.std([0, 1, 1, 0], ddof=1) / 2
    assert rows[1] == ("life", "4", "base", "", "25.0", "50.0", f"{error:.1f}")
    assert rows[2] == ("life", "4", ANALOGY, "0.6", "75.0", "", "")


def test_the_square_keeps_domains_and_wordings_apart() -> None:
    from random import Random

    world, rng = make_world(), Random(0)
    values = {
        domain: {f.value for f in world.facts.all if f.attribute in own} for domain, own in DOMAINS.items()
    }
    assert not values["life"] & values["senses"]
    for (domain, wording), source in square_documents(world).items():
        for _ in range(200):
            (prompt, _), (answer, taught) = source(rng)
            assert taught and answer.strip() in values[domain]
            assert prompt.startswith("Note: " if wording == NOTES else "Question: ")
    for (domain, draw), items in note_items(world).items():
        facts = {
            (f.animal, f.attribute): f.value for f in (world.facts.dev if draw == "dev" else world.facts.test)
        }
        for item in items:
            animal, attribute = item.prompt.removeprefix("Note: ").removesuffix(":").split(", ")
            assert attribute in DOMAINS[domain]
            assert item.choices[int(item.target)] == f" {facts[animal, attribute]}"


def test_rows_are_written_as_csv(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results" / "x.csv"
    report.write_rows(path, [("a", "b"), ("1", "2")])
    assert path.read_text(encoding="utf-8") == "a,b\n1,2\n"
    assert "1,2" in capsys.readouterr().out
