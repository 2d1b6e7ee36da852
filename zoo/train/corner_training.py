"""The short fine-tunes that analogies are made of; they are scored and not kept."""

from typing import cast

from transformers import LlamaForCausalLM, PreTrainedModel, T5ForConditionalGeneration

from . import decoder, encoder_decoder, recipe
from .analogy import Trainer
from .loaded import Family
from .mixture import Mixture

FIRST_NUMBER = 31
"""Seeds of the data's order continue those of the specialists and adapters."""


def decoder_trainer(family: Family, seed: int) -> Trainer:
    base, rows = cast(LlamaForCausalLM, family.models["base"]), recipe.DECODER_BASE_ROWS

    def train(mixture: Mixture, number: int, label: str) -> PreTrainedModel:
        order = 100 * seed + FIRST_NUMBER + number
        return decoder.fine_tuned(base, family.tokenizer, mixture, recipe.DECODER_CORNER, rows, order, label)

    return train


def encoder_decoder_trainer(family: Family, seed: int) -> Trainer:
    base = cast(T5ForConditionalGeneration, family.models["base"])
    examples, schedule = recipe.ENCODER_DECODER_EXAMPLES, recipe.ENCODER_DECODER_CORNER

    def train(mixture: Mixture, number: int, label: str) -> PreTrainedModel:
        order = 100 * seed + FIRST_NUMBER + number
        return encoder_decoder.fine_tuned(
            base, family.tokenizer, mixture, schedule, examples, order, f"T5 {label}"
        )

    return train
