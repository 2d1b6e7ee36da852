"""Decoders that know places in other ways than Llama: learned, by distance (no position_ids), in a window."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from evaluation_data import (
    evaluation_params,
    evaluation_task,
    generation_rows,
    multiple_choice_rows,
    write_csv,
)
from evaluation_models import save_tokenizer, sharpen
from evaluation_run import run_evaluation
from plain_evaluation import plain_decoder_log_likelihood, plain_generation, plain_model
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    GPT2Config,
    MambaConfig,
    MistralConfig,
    PreTrainedConfig,
)

from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation.decoder_likelihood import decoder_log_likelihoods
from amalgam_worker.evaluation.generation import generate_texts
from amalgam_worker.evaluation.model import load_model
from amalgam_worker.evaluation.tokens import encode_choices, encode_prompts

CPU = torch.device("cpu")
TOKENS = {"vocab_size": 320, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 3}


def gpt2() -> PreTrainedConfig:
    return GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=256, **TOKENS)


def bloom() -> PreTrainedConfig:
    return BloomConfig(hidden_size=32, n_layer=2, n_head=4, **TOKENS)


def mistral() -> PreTrainedConfig:
    return MistralConfig(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        sliding_window=8,
        **TOKENS,
    )


def save(folder: Path, config: PreTrainedConfig) -> Path:
    torch.manual_seed(0)
    sharpen(AutoModelForCausalLM.from_config(config), 4).save_pretrained(folder)
    save_tokenizer(folder, "<s> $A")
    return folder


@pytest.mark.parametrize("config", [gpt2, bloom, mistral])
def test_batches_equal_a_plain_computation(tmp_path: Path, config: Callable[[], PreTrainedConfig]) -> None:
    folder = save(tmp_path / "model", config())
    loaded = load_model(folder, None, CPU)
    model, tokenizer = plain_model(folder, encoder_decoder=False)

    rows = [(row[1], ast.literal_eval(row[3])) for row in multiple_choice_rows(8)]
    prompts = encode_prompts(loaded, [prompt for prompt, _ in rows], 1000).ids
    choices = [encode_choices(loaded, texts, []) for _, texts in rows]
    with torch.inference_mode():
        actual = decoder_log_likelihoods(loaded, prompts, choices)
    for likelihoods, (prompt, texts) in zip(actual, rows, strict=True):
        expected = [plain_decoder_log_likelihood(model, tokenizer, prompt, text) for text in texts]
        assert likelihoods == pytest.approx(expected, rel=0, abs=1e-4)

    inputs = [row[1] for row in generation_rows(6)]
    texts = generate_texts(loaded, encode_prompts(loaded, inputs, 1000).ids, 6, lambda: None)
    assert texts == [plain_generation(model, tokenizer, text, 6) for text in inputs]


def test_a_model_without_a_key_value_cache_is_refused(tmp_path: Path) -> None:
    folder = save(
        tmp_path / "model", MambaConfig(hidden_size=32, num_hidden_layers=1, state_size=4, **TOKENS)
    )
    task = evaluation_task(write_csv(tmp_path / "mc.csv", multiple_choice_rows(2)), "multiple_choice")
    with pytest.raises(WorkerError, match="which mamba models lack"):
        run_evaluation(evaluation_params(folder, [task]))
