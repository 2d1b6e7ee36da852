"""The scoring convention of the zoo (see zoo/README.md): used here to choose coefficients and to report."""

from collections.abc import Callable, Sequence
from typing import cast

import torch
from rouge_score.rouge_scorer import RougeScorer
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from .documents import Item

MAX_NEW_TOKENS = 16
ROUGE_TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")


def pad(rows: Sequence[list[int]], value: int, left: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows as one int64 matrix, and its attention mask."""
    width = max(len(row) for row in rows)
    gaps = [[value] * (width - len(row)) for row in rows]
    ids = torch.tensor([gap + row if left else row + gap for row, gap in zip(rows, gaps, strict=True)])
    lengths = torch.tensor([len(row) for row in rows])[:, None]
    places = torch.arange(width)[None, :]
    mask = (places >= width - lengths) if left else (places < lengths)
    return ids, mask.long()


def decoder_choice_scores(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, pairs: list[tuple[str, str]]
) -> torch.Tensor:
    """Sum of log p(choice tokens | prompt) of each (prompt, choice), float32 of shape (pairs,)."""
    prompts = [tokenizer.encode(prompt) for prompt, _ in pairs]
    choices = [tokenizer.encode(choice, add_special_tokens=False) for _, choice in pairs]
    ids, mask = pad(
        [p + c for p, c in zip(prompts, choices, strict=True)], tokenizer.pad_token_id, left=False
    )
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
    token_scores = logits.log_softmax(-1).gather(2, ids[:, 1:, None]).squeeze(2)
    starts = torch.tensor([len(p) for p in prompts])[:, None]
    ends = starts + torch.tensor([len(c) for c in choices])[:, None]
    places = torch.arange(1, ids.shape[1])[None, :]
    return torch.where((places >= starts) & (places < ends), token_scores, 0.0).sum(1)


def seq2seq_choice_scores(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, pairs: list[tuple[str, str]]
) -> torch.Tensor:
    """Sum of log p(choice and </s> | prompt) of each (prompt, choice), float32 of shape (pairs,)."""
    ids, mask = pad([tokenizer.encode(prompt) for prompt, _ in pairs], tokenizer.pad_token_id, left=False)
    labels, label_mask = pad(
        [tokenizer.encode(choice) for _, choice in pairs], tokenizer.pad_token_id, left=False
    )
    logits = model(input_ids=ids, attention_mask=mask, labels=labels).logits
    token_scores = logits.log_softmax(-1).gather(2, labels[:, :, None]).squeeze(2)
    totals: torch.Tensor = (token_scores * label_mask).sum(1)
    return totals


@torch.inference_mode()
def multiple_choice_scores(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, items: list[Item]
) -> torch.Tensor:
    """1 where the right choice has the highest score, else 0; float32 of shape (items,)."""
    score = seq2seq_choice_scores if model.config.is_encoder_decoder else decoder_choice_scores
    scores = score(model, tokenizer, [(item.prompt, choice) for item in items for choice in item.choices])
    best = scores.view(len(items), -1).argmax(1)
    return (best == torch.tensor([int(item.target) for item in items])).float()


@torch.inference_mode()
def generation_scores(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, items: list[Item]
) -> torch.Tensor:
    """Mean ROUGE F-measure of each greedy generation; float32 of shape (items,)."""
    scorer = RougeScorer(ROUGE_TYPES, use_stemmer=False)
    prompts = [tokenizer.encode(item.prompt) for item in items]
    decoder = not model.config.is_encoder_decoder
    ids, mask = pad(prompts, tokenizer.pad_token_id, left=decoder)
    generate = cast(Callable[..., torch.Tensor], model.generate)
    output = generate(input_ids=ids, attention_mask=mask, max_new_tokens=MAX_NEW_TOKENS, do_sample=False)
    texts = tokenizer.batch_decode(output[:, ids.shape[1] :] if decoder else output, skip_special_tokens=True)
    scores = []
    for text, item in zip(texts, items, strict=True):
        rouge = scorer.score(item.target, text.strip())
        scores.append(sum(rouge[kind].fmeasure for kind in ROUGE_TYPES) / len(ROUGE_TYPES))
    return torch.tensor(scores)


def item_scores(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, items: list[Item]
) -> torch.Tensor:
    score = multiple_choice_scores if items[0].choices else generation_scores
    return score(model, tokenizer, items)
