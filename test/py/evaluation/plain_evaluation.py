"""The same scores by the plainest use of transformers: one text at a time, no cache, no batches."""

from pathlib import Path
from typing import Any

import torch
from rouge_score.rouge_scorer import RougeScorer
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

ROUGE_TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")


def plain_model(folder: Path, encoder_decoder: bool) -> tuple[Any, Any]:
    auto = AutoModelForSeq2SeqLM if encoder_decoder else AutoModelForCausalLM
    model = auto.from_pretrained(folder, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(folder)


@torch.no_grad()
def plain_decoder_log_likelihood(
    model: Any, tokenizer: Any, prompt: str, choice: str, prefix: str = "none"
) -> float:
    start = [tokenizer.bos_token_id, *tokenizer(prompt, add_special_tokens=False).input_ids]
    end = tokenizer(choice, add_special_tokens=False).input_ids
    if prefix == "bos":
        start.append(tokenizer.bos_token_id)
    logits = model(torch.tensor([start + end])).logits[0].double().log_softmax(-1)
    return sum(logits[len(start) + place - 1, token].item() for place, token in enumerate(end))


@torch.no_grad()
def plain_encoder_decoder_log_likelihood(model: Any, tokenizer: Any, prompt: str, choice: str) -> float:
    labels = tokenizer(choice).input_ids
    inputs = torch.tensor([tokenizer(prompt).input_ids])
    logits = model(input_ids=inputs, labels=torch.tensor([labels])).logits[0].double().log_softmax(-1)
    return sum(logits[place, token].item() for place, token in enumerate(labels))


@torch.no_grad()
def plain_generation(model: Any, tokenizer: Any, prompt: str, new_tokens: int) -> str:
    ids = torch.tensor([tokenizer(prompt).input_ids])
    output = model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=new_tokens, do_sample=False, num_beams=1
    )[0]
    new = output if model.config.is_encoder_decoder else output[ids.shape[1] :]
    return str(tokenizer.decode(new, skip_special_tokens=True)).strip()


def plain_rouge(target: str, prediction: str) -> dict[str, float]:
    scores = RougeScorer(ROUGE_TYPES, use_stemmer=False).score(target, prediction)
    return {kind: scores[kind].fmeasure for kind in ROUGE_TYPES}
