"""LoRA adapters of the decoder base (Hu et al. 2022), trained with PEFT."""

import copy
from dataclasses import dataclass
from typing import cast

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from .decoder import train_decoder
from .mixture import Mixture
from .optimise import Schedule


@dataclass(frozen=True)
class AdapterRecipe:
    task: str
    rank: int
    alpha: int
    targets: tuple[str, ...]
    schedule: Schedule


def trained_adapter(
    base: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    mixture: Mixture,
    recipe: AdapterRecipe,
    rows: int,
    seed: int,
    base_name: str,
) -> PeftModel:
    """A PEFT model over a copy of `base`; `base_name` is what its adapter_config.json says it belongs to."""
    torch.manual_seed(seed)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=0.0,
        target_modules=list(recipe.targets),
        bias="none",
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(copy.deepcopy(base), config)
    label = f"{recipe.task} LoRA r={recipe.rank}"
    train_decoder(cast(PreTrainedModel, model), tokenizer, mixture, recipe.schedule, rows, seed, label)
    model.peft_config["default"].base_model_name_or_path = base_name
    return model
