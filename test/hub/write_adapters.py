"""Writes tiny models and adapters of every kind into a folder, and what peft merges them to.

For each kind: `<kind>/base` (bfloat16), `<kind>/adapter`, and `<kind>/merged`, the merge of the same weights
that peft computes in float32.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel

folder = Path(sys.argv[1])


def llama() -> PreTrainedModel:
    return LlamaForCausalLM(
        LlamaConfig(
            hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=2, vocab_size=30,
            tie_word_embeddings=False,
        )
    )  # fmt: skip


def gpt2() -> PreTrainedModel:
    return GPT2LMHeadModel(
        GPT2Config(
            n_embd=24, n_layer=2, n_head=2, vocab_size=30, n_positions=16, bos_token_id=0, eos_token_id=0
        )
    )


linear = ["q_proj", "v_proj", "down_proj"]
kinds = {
    "rslora": (llama, {"target_modules": linear, "use_rslora": True}),
    "patterns": (
        llama,
        {
            "target_modules": linear,
            "rank_pattern": {"q_proj": 5, r"layers\.1\.mlp\.down_proj": 2},
            "alpha_pattern": {"v_proj": 20, r"layers\.0\.self_attn\.q_proj": 3},
        },
    ),
    "dora": (llama, {"target_modules": linear, "use_dora": True, "use_rslora": True}),
    "fan-in-fan-out": (gpt2, {"target_modules": ["c_attn", "c_fc"], "fan_in_fan_out": True}),
    "fan-in-fan-out-dora": (
        gpt2,
        {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True, "use_dora": True},
    ),
    "embedding": (llama, {"target_modules": ["embed_tokens", "q_proj"]}),
    "embedding-dora": (llama, {"target_modules": ["embed_tokens", "q_proj"], "use_dora": True}),
    "tied-embedding": (gpt2, {"target_modules": ["wte", "c_attn"], "fan_in_fan_out": True}),
    "saved-modules": (
        llama,
        {"target_modules": linear, "modules_to_save": ["lm_head", "embed_tokens", "input_layernorm"]},
    ),
    "pickled": (llama, {"target_modules": linear}),
}

for seed, (kind, (make, settings)) in enumerate(kinds.items()):
    torch.manual_seed(seed)
    base = make().to(torch.bfloat16)
    base.save_pretrained(folder / kind / "base")
    whole = make().to(torch.float32)
    whole.load_state_dict(base.state_dict())
    tuned = get_peft_model(whole, LoraConfig(r=4, lora_alpha=6, init_lora_weights=False, **settings))
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if "lora_magnitude_vector" in name or "modules_to_save" in name:
                parameter.mul_(1 + 0.3 * torch.randn_like(parameter))
    tuned.save_pretrained(folder / kind / "adapter", safe_serialization=kind != "pickled")
    again = make().to(torch.float32)
    again.load_state_dict(base.state_dict())
    merged = PeftModel.from_pretrained(again, str(folder / kind / "adapter")).merge_and_unload()
    merged.save_pretrained(folder / kind / "merged")
    if kind == "pickled":
        (folder / kind / "base" / "model.safetensors").unlink()
        torch.save(base.state_dict(), folder / kind / "base" / "pytorch_model.bin")

print(*kinds)
