import json
from functools import cache
from pathlib import Path

import pytest
import torch
from evaluation_data import CsvRow, evaluation_params, evaluation_task, generation_rows, write_csv
from evaluation_models import save_llama
from evaluation_run import run_evaluation
from plain_evaluation import ROUGE_TYPES, plain_generation, plain_model, plain_rouge

from amalgam_worker.evaluation.generation import generate_texts
from amalgam_worker.evaluation.model import load_model
from amalgam_worker.evaluation.tokens import encode_prompts

NEW_TOKENS = 12
ROWS = generation_rows(24)


@cache
def plain_texts(folder: Path) -> list[str]:
    model, tokenizer = plain_model(folder, "t5" in folder.name)
    return [plain_generation(model, tokenizer, row[1], NEW_TOKENS) for row in ROWS]


def batched_texts(folder: Path, size: int) -> list[str]:
    loaded = load_model(folder, None, torch.device("cpu"))
    prompts = encode_prompts(loaded, [row[1] for row in ROWS], 1000).ids
    batches = [prompts[start : start + size] for start in range(0, len(prompts), size)]
    return [text for batch in batches for text in generate_texts(loaded, batch, NEW_TOKENS, lambda: None)]


def rows_with_reachable_targets(texts: list[str]) -> list[CsvRow]:
    """Targets that share some words with what the model says, so that ROUGE is neither 0 nor 1."""
    targets = [
        " ".join([*text.split()[: number % 4], "owl", "a b c d e f"]) for number, text in enumerate(texts)
    ]
    return [(row[0], row[1], target, "", "generation") for row, target in zip(ROWS, targets, strict=True)]


@pytest.mark.parametrize("size", [1, 7, len(ROWS)])
def test_texts_equal_plain_greedy_decoding(model_folder: Path, size: int) -> None:
    expected = plain_texts(model_folder)
    assert len(set(expected)) > 5
    assert batched_texts(model_folder, size) == expected


def test_rouge_equals_the_package_called_directly(model_folder: Path, tmp_path: Path) -> None:
    texts = plain_texts(model_folder)
    rows = rows_with_reachable_targets(texts)
    expected = [plain_rouge(row[2], text) for row, text in zip(rows, texts, strict=True)]
    task = evaluation_task(write_csv(tmp_path / "gen.csv", rows), "generation", new_tokens=NEW_TOKENS)
    result = run_evaluation(evaluation_params(model_folder, [task])).result.tasks[0]
    for kind in ROUGE_TYPES:
        assert result.metrics[kind] == pytest.approx(
            sum(item[kind] for item in expected) / len(rows), abs=1e-12
        )
    assert result.scores == pytest.approx([sum(item.values()) / 4 for item in expected], abs=1e-12)
    assert result.mean == pytest.approx(sum(result.scores) / len(rows), abs=1e-12)
    assert set(result.metrics) == set(ROUGE_TYPES)
    assert result.predictions == texts


def test_a_models_own_generation_settings_do_not_change_greedy_decoding(
    tmp_path: Path, llama_folder: Path
) -> None:
    other = save_llama(tmp_path / "llama")
    path = other / "generation_config.json"
    settings = json.loads(path.read_text())
    path.write_text(
        json.dumps({**settings, "repetition_penalty": 5.0, "do_sample": True, "temperature": 3.0})
    )
    assert batched_texts(other, 7) == plain_texts(llama_folder)


def test_generation_works_without_a_pad_token(tmp_path: Path, llama_folder: Path) -> None:
    assert batched_texts(save_llama(tmp_path / "llama", pad=False), 7) == plain_texts(llama_folder)
