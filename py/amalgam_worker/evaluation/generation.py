"""Generation: greedy continuation of each input, scored against its target by ROUGE."""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from ..protocol import EvaluationTask
from .batching import Batch
from .examples import GenerationExample
from .model import LoadedModel
from .rouge import ROUGE_TYPES, rouge_scorer
from .scoring import Outcome, Prepared, token_budget
from .tokens import Ids, check_ids, encode_prompts, longest_prompt, padded

# A step costs about the same for few rows and for many: more than for multiple choice.
MOST_CPU_TOKENS = 1 << 13


def generate_texts(
    loaded: LoadedModel, prompts: Sequence[Ids], new_tokens: int, check_cancelled: Callable[[], None]
) -> list[str]:
    """Greedy continuations of at most so many tokens, without special tokens and outer white space."""

    def watch(ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        check_cancelled()
        return torch.zeros(ids.shape[0], dtype=torch.bool, device=ids.device)

    side = "right" if loaded.encoder_decoder else "left"
    ids, mask = padded(prompts, loaded.pad_id, side, loaded.device)
    with torch.inference_mode():
        output = loaded.model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=new_tokens,
            do_sample=False,
            num_beams=1,
            stopping_criteria=[watch],
        )
    new = output if loaded.encoder_decoder else output[:, ids.shape[1] :]
    texts: list[str] = loaded.tokenizer.batch_decode(new, skip_special_tokens=True)
    return [text.strip() for text in texts]


def prepare_generation(
    loaded: LoadedModel,
    task: EvaluationTask,
    examples: Sequence[GenerationExample],
    check_cancelled: Callable[[], None],
) -> Prepared:
    """Examples ready to be scored: an example's score is the mean of its four ROUGE F-measures.

    The task must have a maximum generation length.
    """
    new_tokens = task.max_generation_length or 0
    limit = longest_prompt(loaded, task.max_sequence_length, new_tokens)
    prompts = encode_prompts(loaded, [example.input for example in examples], limit)
    check_ids(loaded, [f"the input of example {example.id}" for example in examples], prompts.ids)
    rouge = rouge_scorer() if any(example.target is not None for example in examples) else None

    def outcome(target: str | None, text: str) -> Outcome:
        if target is None or rouge is None:
            return Outcome(None, text, {})
        metrics = rouge(target, text)
        return Outcome(sum(metrics.values()) / len(ROUGE_TYPES), text, metrics)

    def score(batch: Batch) -> list[Outcome]:
        texts = generate_texts(loaded, [prompts.ids[i] for i in batch], new_tokens, check_cancelled)
        return [outcome(examples[i].target, text) for i, text in zip(batch, texts, strict=True)]

    costs = [len(ids) + new_tokens for ids in prompts.ids]
    return Prepared(costs, token_budget(loaded, MOST_CPU_TOKENS), prompts.shortened, score)
