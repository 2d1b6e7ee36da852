"""The decoder family: a Llama base trained from nothing, and full fine-tunes of it."""

import copy
from random import Random

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from .mixture import Mixture
from .optimise import Batch, Schedule, optimise
from .packing import RowPacker

ROW_LENGTH = 128


def new_decoder(tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    """A randomly initialised model of about 0.7 M parameters with tied embeddings."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=256,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return LlamaForCausalLM(config)


def train_decoder(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    mixture: Mixture,
    schedule: Schedule,
    rows: int,
    seed: int,
    label: str,
) -> None:
    packer = RowPacker(mixture, tokenizer, Random(seed))

    def next_batch() -> Batch:
        ids, labels = packer.batch(rows, ROW_LENGTH)
        return {"input_ids": ids, "labels": labels}

    optimise(model, schedule, next_batch, label)


def fine_tuned(
    base: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    mixture: Mixture,
    schedule: Schedule,
    rows: int,
    seed: int,
    label: str,
) -> LlamaForCausalLM:
    """A trained copy of `base`; `base` is left as it is."""
    model = copy.deepcopy(base)
    train_decoder(model, tokenizer, mixture, schedule, rows, seed, label)
    return model
