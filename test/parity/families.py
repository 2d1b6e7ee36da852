"""Tiny models of the architectures that the suite merges, made by transformers from their configurations."""

from collections.abc import Callable

import torch
import transformers
from transformers import AutoModelForCausalLM, PretrainedConfig, PreTrainedModel, T5ForConditionalGeneration

from parity.vocabulary import SIZE

HIDDEN, FEED_FORWARD, LAYERS = 64, 96, 4
_common = {
    "vocab_size": SIZE,
    "hidden_size": HIDDEN,
    "intermediate_size": FEED_FORWARD,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": None,
}


def _config(name: str, **changes: object) -> PretrainedConfig:
    return getattr(transformers, name)(**{**_common, **changes})


def _llama(**changes: object) -> PretrainedConfig:
    return _config("LlamaConfig", **{"tie_word_embeddings": False, **changes})


def _t5() -> PretrainedConfig:
    return transformers.T5Config(
        vocab_size=SIZE, d_model=HIDDEN, d_kv=16, d_ff=FEED_FORWARD, num_layers=3, num_decoder_layers=2,
        num_heads=4, feed_forward_proj="gated-gelu",
    )  # fmt: skip


def _gpt2() -> PretrainedConfig:
    return transformers.GPT2Config(
        vocab_size=SIZE,
        n_positions=128,
        n_embd=HIDDEN,
        n_layer=LAYERS,
        n_head=4,
        bos_token_id=1,
        eos_token_id=2,
    )


FAMILIES: dict[str, Callable[[], PretrainedConfig]] = {
    "llama": _llama,
    "llama-tied": lambda: _llama(tie_word_embeddings=True),
    "mistral": lambda: _config("MistralConfig", tie_word_embeddings=False),
    "qwen2": lambda: _config("Qwen2Config", tie_word_embeddings=True),
    "qwen3": lambda: _config("Qwen3Config", tie_word_embeddings=False, head_dim=16),
    "gemma": lambda: _config("GemmaConfig", head_dim=16),
    "gemma2": lambda: _config("Gemma2Config", head_dim=16),
    "gemma3": lambda: _config("Gemma3TextConfig", head_dim=16, sliding_window_pattern=2),
    "granite": lambda: _config("GraniteConfig", tie_word_embeddings=False),
    "starcoder2": lambda: _config("Starcoder2Config", tie_word_embeddings=False),
    "qwen3-moe": lambda: _config(
        "Qwen3MoeConfig", head_dim=16, num_experts=4, moe_intermediate_size=32, num_hidden_layers=2
    ),
    "phi3": lambda: _config("Phi3Config", tie_word_embeddings=False),
    "mixtral": lambda: _config("MixtralConfig", num_local_experts=4, num_hidden_layers=2),
    "gpt2": _gpt2,
    "t5": _t5,
}


def build(family: str, seed: int, **changes: object) -> PreTrainedModel:
    """A float32 model with weights of standard deviation 0.05 and norms around one, drawn from the seed."""
    config = FAMILIES[family]()
    for key, value in changes.items():
        setattr(config, key, value)
    torch.manual_seed(seed)
    model = T5ForConditionalGeneration(config) if family == "t5" else AutoModelForCausalLM.from_config(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            centre = 1.0 if parameter.ndim == 1 else 0.0
            parameter.copy_(centre + 0.05 * torch.randn(parameter.shape, generator=generator))
    return model.float()
