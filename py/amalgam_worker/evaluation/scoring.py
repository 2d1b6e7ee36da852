"""What the kinds of tasks have in common: examples made ready for a model, and their scores."""

from collections.abc import Callable
from dataclasses import dataclass

from .batching import Batch
from .model import LoadedModel

# On a CPU: multiply-adds of about a second. On an accelerator: what fits, found by halving.
CPU_OPERATIONS = 1 << 35
ACCELERATOR_TOKENS = 1 << 15
FEWEST_TOKENS = 512
# Logits of a batch in float32 are at most 1 GiB.
MOST_LOGITS = 1 << 28


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one example: its score in [0, 1] and metrics, None and {} without target, and its answer as text."""

    score: float | None
    prediction: str
    metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class Prepared:
    """`costs` are tokens per example and `budget` per batch; `score` maps example indices to outcomes."""

    costs: list[int]
    budget: int
    shortened: int
    score: Callable[[Batch], list[Outcome]]


def token_budget(loaded: LoadedModel, most: int) -> int:
    """Tokens of a batch whose size is to be found; a small model on a CPU gets `most`."""
    vocabulary = int(loaded.model.get_input_embeddings().weight.shape[0])
    if loaded.device.type == "cpu":
        budget = max(FEWEST_TOKENS, min(most, CPU_OPERATIONS // loaded.parameters))
    else:
        budget = ACCELERATOR_TOKENS
    return min(budget, max(FEWEST_TOKENS, MOST_LOGITS // vocabulary))
