"""What lm-evaluation-harness asks of a model, answered in batches that fit into memory."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from .batching import Batch, make_batches, run_batches
from .model import LoadedModel
from .packages import require_lm_eval
from .scoring import token_budget

MOST_CPU_TOKENS = 1 << 11

# Numbers of examples that are answered, and of all.
Tell = Callable[[int, int], None]


class HarnessModel:
    """Takes the place of its own model class, which it wraps: that one tells nothing and cannot be stopped.

    Args:
        batch_size: requests per batch; None: found from their lengths, and halved when memory runs out.
        tell: called after each batch.
    """

    rank = 0
    world_size = 1

    def __init__(
        self, loaded: LoadedModel, batch_size: int | None, warn: Callable[[str], None], tell: Tell
    ) -> None:
        huggingface = require_lm_eval().models.huggingface
        self._wrapped = huggingface.HFLM(pretrained=loaded.model, tokenizer=loaded.tokenizer)
        self._loaded = loaded
        self._batch_size = batch_size
        self._warn = warn
        self._tell = tell

    def loglikelihood(self, requests: Sequence[Any]) -> list[Any]:
        """(log-likelihood, whether it is the greedy continuation) of each pair of texts."""
        return self._answer("loglikelihood", requests, 0)

    def loglikelihood_rolling(self, requests: Sequence[Any]) -> list[Any]:
        """Log-likelihood of each whole text."""
        return self._answer("loglikelihood_rolling", requests, 0)

    def generate_until(self, requests: Sequence[Any]) -> list[Any]:
        """A continuation of each text, up to what ends it."""
        return self._answer("generate_until", requests, self._wrapped.max_gen_toks)

    def _answer(self, kind: str, requests: Sequence[Any], new_tokens: int) -> list[Any]:
        texts = ["".join(part for part in request.args if isinstance(part, str)) for request in requests]
        lengths = [len(ids) for ids in self._loaded.tokenizer(texts, verbose=False).input_ids]
        costs = [max(1, length) + new_tokens for length in lengths]

        def step(batch: Batch) -> list[Any]:
            self._wrapped.batch_size_per_gpu = len(batch)
            answers: list[Any] = getattr(self._wrapped, kind)([requests[i] for i in batch], disable_tqdm=True)
            return answers

        owners = [(request.task_name, request.doc_id) for request in requests]
        left = Counter(owners)
        answers: dict[int, Any] = {}
        budget = token_budget(self._loaded, MOST_CPU_TOKENS)
        for batch, results in run_batches(make_batches(costs, self._batch_size, budget), step, self._warn):
            answers.update(zip(batch, results, strict=True))
            for index in batch:
                left[owners[index]] -= 1
            self._tell(sum(count == 0 for count in left.values()), len(left))
        return [answers[index] for index in range(len(requests))]
