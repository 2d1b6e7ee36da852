"""Tiny random models of both families, with a tokenizer, saved as folders that transformers loads."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

SPECIALS = ["<pad>", "</s>", "<unk>", "<s>"]
SENTENCES = [
    "the fox eats red berries and lives in the old forest .",
    "the otter swims in cold rivers and sleeps on flat stones .",
    "question : what does the owl hunt at night ? answer : mice and moths .",
    "summary : the heron found a silver fish near the bridge .",
]


def word_pieces() -> Tokenizer:
    """Byte-level BPE: any text has tokens."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


def save_tokenizer(folder: Path, template: str, pad: bool = True) -> None:
    tokenizer = word_pieces()
    specials = [(token, tokenizer.token_to_id(token)) for token in SPECIALS]
    tokenizer.post_processor = processors.TemplateProcessing(single=template, special_tokens=specials)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>" if pad else None,
        eos_token="</s>",
        unk_token="<unk>",
        bos_token="<s>",
        clean_up_tokenization_spaces=False,
    ).save_pretrained(folder)


def sharpen(model: PreTrainedModel, factor: float) -> PreTrainedModel:
    """Larger weights: predictions that differ clearly, and generations that are no single repeated token."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2 and "relative" not in name:
                weight.mul_(factor)
    return model.eval()


def llama(seed: int = 0) -> PreTrainedModel:
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=320,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=3,
        tie_word_embeddings=True,
    )
    return sharpen(LlamaForCausalLM(config), 4)


def t5(seed: int = 0) -> PreTrainedModel:
    torch.manual_seed(seed)
    config = T5Config(
        vocab_size=320,
        d_model=32,
        d_kv=8,
        d_ff=48,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=False,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )
    model = sharpen(T5ForConditionalGeneration(config), 2)
    # T5 starts with logits in the hundreds, whose float32 rounding would hide small errors.
    with torch.no_grad():
        model.lm_head.weight.mul_(0.05)
    return model


def save_llama(folder: Path, seed: int = 0, template: str = "<s> $A", pad: bool = True) -> Path:
    llama(seed).save_pretrained(folder)
    save_tokenizer(folder, template, pad)
    return folder


def save_t5(folder: Path, seed: int = 0) -> Path:
    t5(seed).save_pretrained(folder)
    save_tokenizer(folder, "$A </s>")
    return folder
