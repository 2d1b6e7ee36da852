"""Multiple choice: the model's answer is the choice of the highest summed log-likelihood."""

import math
from collections.abc import Sequence

import torch

from ..errors import WorkerError
from ..protocol import EvaluationTask
from .batching import Batch
from .decoder_likelihood import decoder_log_likelihoods
from .encoder_decoder_likelihood import encoder_decoder_log_likelihoods
from .examples import MultipleChoiceExample
from .model import LoadedModel
from .scoring import Outcome, Prepared, token_budget
from .tokens import Ids, check_ids, encode_choices, encode_prompts, longest_prompt

# More gains little speed and gives fewer running results.
MOST_CPU_TOKENS = 1 << 11


def encode_choice_rows(loaded: LoadedModel, examples: Sequence[MultipleChoiceExample]) -> list[list[Ids]]:
    texts = [choice for example in examples for choice in example.choices]
    names = [f"a choice of example {example.id}" for example in examples for _ in example.choices]
    encoded = encode_choices(loaded, texts)
    check_ids(loaded, names, encoded)
    remaining = iter(encoded)
    return [[next(remaining) for _ in example.choices] for example in examples]


def outcome(example: MultipleChoiceExample, likelihoods: Sequence[float]) -> Outcome:
    if any(math.isnan(likelihood) for likelihood in likelihoods):
        hint = "its weights hold or produce non-finite numbers"
        raise WorkerError("non-finite", f"the model gives example {example.id} a log-likelihood of NaN", hint)
    chosen = max(range(len(likelihoods)), key=likelihoods.__getitem__)
    right = float(chosen == example.target)
    return Outcome(right, str(chosen), {"accuracy": right})


def prepare_multiple_choice(
    loaded: LoadedModel, task: EvaluationTask, examples: Sequence[MultipleChoiceExample]
) -> Prepared:
    """Examples ready to be scored; equal likelihoods go to the first of their choices."""
    choices = encode_choice_rows(loaded, examples)
    room = max(len(choice) for row in choices for choice in row)
    limit = longest_prompt(loaded, task.max_sequence_length, room)
    prompts = encode_prompts(loaded, [example.input for example in examples], limit)
    check_ids(loaded, [f"the input of example {example.id}" for example in examples], prompts.ids)
    likelihoods = encoder_decoder_log_likelihoods if loaded.encoder_decoder else decoder_log_likelihoods

    def score(batch: Batch) -> list[Outcome]:
        with torch.inference_mode():
            rows = likelihoods(loaded, [prompts.ids[i] for i in batch], [choices[i] for i in batch])
        return [outcome(examples[i], row) for i, row in zip(batch, rows, strict=True)]

    costs = [len(ids) + sum(map(len, row)) for ids, row in zip(prompts.ids, choices, strict=True)]
    return Prepared(costs, token_budget(loaded, MOST_CPU_TOKENS), prompts.shortened, score)
