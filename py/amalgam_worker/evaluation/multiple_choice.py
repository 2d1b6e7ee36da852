"""Multiple choice: the model's answer is the choice of the highest summed log-likelihood."""

import math
from collections.abc import Callable, Sequence

import torch

from ..errors import WorkerError
from ..protocol import EvaluationTask
from .batching import Batch
from .decoder_likelihood import decoder_log_likelihoods
from .encoder_decoder_likelihood import encoder_decoder_log_likelihoods
from .examples import MultipleChoiceExample
from .model import LoadedModel
from .scoring import Outcome, Prepared, token_budget
from .tokens import Ids, added_start, check_ids, encode_choices, encode_prompts, longest_prompt

# More gains little speed and gives fewer running results.
MOST_CPU_TOKENS = 1 << 11


def encode_choice_rows(
    loaded: LoadedModel, examples: Sequence[MultipleChoiceExample], start: Ids
) -> list[list[Ids]]:
    texts = [choice for example in examples for choice in example.choices]
    names = [f"a choice of example {example.id}" for example in examples for _ in example.choices]
    encoded = encode_choices(loaded, texts, start)
    check_ids(loaded, names, encoded)
    remaining = iter(encoded)
    return [[next(remaining) for _ in example.choices] for example in examples]


def highest(values: Sequence[float]) -> int:
    """Its index; of equal values, the first's."""
    return max(range(len(values)), key=values.__getitem__)


def outcome(example: MultipleChoiceExample, likelihoods: Sequence[float]) -> Outcome:
    """accuracy by the sum, and accuracy_norm by the sum per UTF-8 byte of the choice's text."""
    if any(math.isnan(likelihood) for likelihood in likelihoods):
        hint = "its weights hold or produce non-finite numbers"
        raise WorkerError("non-finite", f"the model gives example {example.id} a log-likelihood of NaN", hint)
    chosen = highest(likelihoods)
    if example.target is None:
        return Outcome(None, str(chosen), {})
    sizes = [len(choice.encode("utf-8", "surrogatepass")) for choice in example.choices]
    per_byte = highest([value / size for value, size in zip(likelihoods, sizes, strict=True)])
    right = float(chosen == example.target)
    return Outcome(
        right, str(chosen), {"accuracy": right, "accuracy_norm": float(per_byte == example.target)}
    )


def choice_start(loaded: LoadedModel, task: EvaluationTask, warn: Callable[[str], None]) -> Ids:
    """What stands between a decoder's prompt and each choice.

    `bos` is what the starter kit does: it tokenizes a choice as a text of its own and scores what comes after
    its first token. A tokenizer that puts no token there would lose the choice's own first, so it is scored
    whole, as with `none`.
    """
    if task.choice_prefix == "none" or loaded.encoder_decoder:
        return []
    start = added_start(loaded)
    if not start:
        warn("this tokenizer starts texts with no token of its own: choices are scored right after the input")
    return start


def prepare_multiple_choice(
    loaded: LoadedModel,
    task: EvaluationTask,
    examples: Sequence[MultipleChoiceExample],
    warn: Callable[[str], None],
) -> Prepared:
    """Examples ready to be scored; equal likelihoods go to the first of their choices."""
    start = choice_start(loaded, task, warn)
    choices = encode_choice_rows(loaded, examples, start)
    room = len(start) + max(len(choice) for row in choices for choice in row)
    limit = longest_prompt(loaded, task.max_sequence_length, room)
    encoded = encode_prompts(loaded, [example.input for example in examples], limit)
    check_ids(loaded, [f"the input of example {example.id}" for example in examples], encoded.ids)
    prompts = [ids + start for ids in encoded.ids]
    likelihoods = encoder_decoder_log_likelihoods if loaded.encoder_decoder else decoder_log_likelihoods

    def score(batch: Batch) -> list[Outcome]:
        with torch.inference_mode():
            rows = likelihoods(loaded, [prompts[i] for i in batch], [choices[i] for i in batch])
        return [outcome(examples[i], row) for i, row in zip(batch, rows, strict=True)]

    costs = [len(ids) + sum(map(len, row)) for ids, row in zip(prompts, choices, strict=True)]
    return Prepared(costs, token_budget(loaded, MOST_CPU_TOKENS), encoded.shortened, score)
