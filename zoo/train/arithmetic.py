"""Sums and differences of two numbers below 30. The items that evaluate occur in no training text."""

from dataclasses import dataclass
from random import Random

from .documents import Document, Item, answered, multiple_choice

LIMIT = 30


@dataclass(frozen=True)
class Problem:
    left: int
    sign: str
    right: int

    @property
    def text(self) -> str:
        return f"{self.left} {self.sign} {self.right}"

    @property
    def result(self) -> int:
        return self.left + self.right if self.sign == "+" else self.left - self.right


@dataclass(frozen=True)
class ProblemSplit:
    train: tuple[Problem, ...]
    dev: tuple[Problem, ...]
    test: tuple[Problem, ...]


def split_problems(rng: Random, dev: int, test: int) -> ProblemSplit:
    sums = [Problem(a, "+", b) for a in range(LIMIT) for b in range(LIMIT)]
    differences = [Problem(a, "-", b) for a in range(LIMIT) for b in range(a + 1)]
    problems = sums + differences
    rng.shuffle(problems)
    return ProblemSplit(
        tuple(problems[dev + test :]), tuple(problems[:dev]), tuple(problems[dev : dev + test])
    )


def question(problem: Problem) -> str:
    return f"Question: What is {problem.text}?\nAnswer:"


def near_misses(problem: Problem, count: int, rng: Random) -> list[str]:
    """Wrong results within 10 of the right one, of equal length so that none is a prefix of another."""
    right = problem.result
    near = [n for n in range(max(0, right - 10), right + 11) if n != right and len(str(n)) == len(str(right))]
    return [str(n) for n in rng.sample(near, count)]


def equations(problems: tuple[Problem, ...], rng: Random) -> Document:
    """Four correct equations, one a line; the loss falls on the results."""
    segments = []
    for line, problem in enumerate(rng.choices(problems, k=4)):
        break_ = "\n" if line else ""
        segments += [(f"{break_}{problem.text} =", False), (f" {problem.result}", True)]
    return tuple(segments)


def question_document(problems: tuple[Problem, ...], wrong_share: float, rng: Random) -> Document:
    problem = rng.choice(problems)
    wrong = rng.random() < wrong_share
    return answered(question(problem), near_misses(problem, 1, rng)[0] if wrong else str(problem.result))


def items(problems: tuple[Problem, ...], rng: Random) -> list[Item]:
    return [multiple_choice(question(p), str(p.result), near_misses(p, 3, rng), rng) for p in problems]
