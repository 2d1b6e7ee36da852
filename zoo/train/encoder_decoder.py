"""The encoder-decoder family: a T5 base trained from nothing on spans and tasks, and fine-tunes of it."""

import copy
from random import Random
from typing import cast

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from .documents import Document
from .mixture import Mixture
from .optimise import Batch, Schedule, optimise
from .scoring import pad
from .tokenizer import SENTINELS

IGNORED = -100
SPANS, SPAN_LENGTH = 3, 3


def new_encoder_decoder(tokenizer: PreTrainedTokenizerFast, seed: int) -> T5ForConditionalGeneration:
    """A randomly initialised model of about 0.76 M parameters with gated GELU and a tied head."""
    torch.manual_seed(seed)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=96,
        d_kv=24,
        d_ff=192,
        num_layers=3,
        num_decoder_layers=3,
        num_heads=4,
        dropout_rate=0.0,
        feed_forward_proj="gated-gelu",
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    config.decoder_start_token_id = tokenizer.pad_token_id
    return T5ForConditionalGeneration(config)


def corrupt(ids: list[int], sentinels: list[int], rng: Random) -> tuple[list[int], list[int]]:
    """Span corruption (Raffel et al. 2020): three spans become sentinels; the target spells them."""
    room = len(ids) // SPANS
    source, target, done = [], [], 0
    for span in range(SPANS):
        start = span * room + rng.randrange(max(1, room - SPAN_LENGTH))
        source += [*ids[done:start], sentinels[span]]
        target += [sentinels[span], *ids[start : start + SPAN_LENGTH]]
        done = start + SPAN_LENGTH
    return source + ids[done:], target


def example(
    document: Document, tokenizer: PreTrainedTokenizerFast, rng: Random
) -> tuple[list[int], list[int]]:
    """Encoder input and label ids, both with </s>."""
    eos = tokenizer.eos_token_id
    if len(document) == 1:
        sentinels = cast(list[int], tokenizer.convert_tokens_to_ids(list(SENTINELS)))
        source, target = corrupt(tokenizer.encode(document[0][0], add_special_tokens=False), sentinels, rng)
        return [*source, eos], [*target, eos]
    first = 2 * rng.randrange(len(document) // 2)
    return tokenizer.encode(document[first][0].lstrip()), tokenizer.encode(document[first + 1][0])


def train_encoder_decoder(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    mixture: Mixture,
    schedule: Schedule,
    examples: int,
    seed: int,
    label: str,
) -> None:
    rng = Random(seed)

    def next_batch() -> Batch:
        pairs = [example(mixture.draw(rng), tokenizer, rng) for _ in range(examples)]
        ids, mask = pad([source for source, _ in pairs], tokenizer.pad_token_id, left=False)
        labels, label_mask = pad([target for _, target in pairs], tokenizer.pad_token_id, left=False)
        return {
            "input_ids": ids,
            "attention_mask": mask,
            "labels": labels.masked_fill(label_mask == 0, IGNORED),
        }

    optimise(model, schedule, next_batch, label)


def fine_tuned(
    base: T5ForConditionalGeneration,
    tokenizer: PreTrainedTokenizerFast,
    mixture: Mixture,
    schedule: Schedule,
    examples: int,
    seed: int,
    label: str,
) -> T5ForConditionalGeneration:
    """A trained copy of `base`; `base` is left as it is."""
    model = copy.deepcopy(base)
    train_encoder_decoder(model, tokenizer, mixture, schedule, examples, seed, label)
    return model
