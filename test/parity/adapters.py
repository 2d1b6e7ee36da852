"""Small LoRA adapters of the llama family, made by peft."""

from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model

from parity.families import build

ADAPTERS = {
    "plain": LoraConfig(
        r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM"
    ),
    "patterns": LoraConfig(
        r=2,
        lora_alpha=4,
        use_rslora=True,
        target_modules=["k_proj", "up_proj", "gate_proj"],
        rank_pattern={"layers.1.mlp.up_proj": 6},
        alpha_pattern={"k_proj": 3},
        task_type="CAUSAL_LM",
    ),
}


def make_adapters(directory: Path) -> None:
    """Save each adapter with random factors; peft starts them at zero, which would change nothing."""
    for number, (name, config) in enumerate(ADAPTERS.items()):
        adapted = get_peft_model(build("llama", seed=7), config)
        generator = torch.Generator().manual_seed(50 + number)
        with torch.no_grad():
            for key, parameter in adapted.named_parameters():
                if "lora_" in key:
                    parameter.copy_(0.05 * torch.randn(parameter.shape, generator=generator))
        adapted.save_pretrained(str(directory / name))
