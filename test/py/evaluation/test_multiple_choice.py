import ast
import math
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Literal

import pytest
import torch
from evaluation_data import CsvRow, evaluation_params, evaluation_task, multiple_choice_rows, write_csv
from evaluation_models import llama, save_llama, save_tokenizer
from evaluation_run import run_evaluation
from plain_evaluation import (
    plain_decoder_log_likelihood,
    plain_encoder_decoder_log_likelihood,
    plain_model,
)

from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation.decoder_likelihood import decoder_log_likelihoods
from amalgam_worker.evaluation.encoder_decoder_likelihood import encoder_decoder_log_likelihoods
from amalgam_worker.evaluation.model import load_model
from amalgam_worker.evaluation.tokens import encode_choices, encode_prompts

ROWS = tuple(multiple_choice_rows(40, seed=1))
ONE_TOKEN_ROWS = tuple(
    (f"t{n}", f"the owl hunts {n}", "1", repr([chr(97 + n), "z", "q"]), "multiple_choice") for n in range(9)
)


@cache
def plain_log_likelihoods(
    folder: Path, rows: tuple[CsvRow, ...], prefix: Literal["none", "bos"] = "none"
) -> list[list[float]]:
    encoder_decoder = "t5" in folder.name
    model, tokenizer = plain_model(folder, encoder_decoder)
    decoder = partial(plain_decoder_log_likelihood, prefix=prefix)
    score = plain_encoder_decoder_log_likelihood if encoder_decoder else decoder
    return [[score(model, tokenizer, row[1], choice) for choice in ast.literal_eval(row[3])] for row in rows]


def batched_log_likelihoods(folder: Path, rows: Sequence[CsvRow]) -> list[list[float]]:
    """All rows in one batch."""
    loaded = load_model(folder, None, torch.device("cpu"))
    prompts = encode_prompts(loaded, [row[1] for row in rows], 1000).ids
    choices = [encode_choices(loaded, ast.literal_eval(row[3]), []) for row in rows]
    score = encoder_decoder_log_likelihoods if loaded.encoder_decoder else decoder_log_likelihoods
    with torch.inference_mode():
        return score(loaded, prompts, choices)


def choices_of(likelihoods: Sequence[Sequence[float]]) -> list[int]:
    return [max(range(len(row)), key=row.__getitem__) for row in likelihoods]


def accuracy(chosen: Sequence[int], rows: Sequence[CsvRow]) -> float:
    return sum(choice == int(row[2]) for choice, row in zip(chosen, rows, strict=True)) / len(rows)


@pytest.mark.parametrize("rows", [ROWS, ONE_TOKEN_ROWS], ids=["ragged", "one token"])
def test_log_likelihoods_equal_a_plain_computation(model_folder: Path, rows: tuple[CsvRow, ...]) -> None:
    expected = plain_log_likelihoods(model_folder, rows)
    actual = batched_log_likelihoods(model_folder, rows)
    for mine, plain in zip(actual, expected, strict=True):
        assert mine == pytest.approx(plain, rel=0, abs=1e-4)


@pytest.mark.parametrize("prefix", ["none", "bos"])
def test_accuracy_equals_a_plain_computation(
    model_folder: Path, tmp_path: Path, prefix: Literal["none", "bos"]
) -> None:
    task = evaluation_task(write_csv(tmp_path / "mc.csv", ROWS), "multiple_choice", prefix=prefix)
    result = run_evaluation(evaluation_params(model_folder, [task])).result.tasks[0]
    likelihoods = plain_log_likelihoods(model_folder, ROWS, prefix)
    chosen = choices_of(likelihoods)
    expected = accuracy(chosen, ROWS)
    assert 0 < expected < 1
    assert result.mean == expected == result.metrics["accuracy"]
    assert result.predictions == [str(choice) for choice in chosen]
    assert result.ids == [row[0] for row in ROWS]
    sizes = [[len(choice.encode()) for choice in ast.literal_eval(row[3])] for row in ROWS]
    per_byte = choices_of(
        [
            [v / s for v, s in zip(row, size, strict=True)]
            for row, size in zip(likelihoods, sizes, strict=True)
        ]
    )
    assert per_byte != chosen
    assert result.metrics["accuracy_norm"] == accuracy(per_byte, ROWS)
    assert set(result.metrics) == {"accuracy", "accuracy_norm"}
    assert result.n == len(ROWS) == len(result.scores)
    assert result.standard_error == pytest.approx(math.sqrt(expected * (1 - expected) / (len(ROWS) - 1)))


def test_batch_size_does_not_change_scores(model_folder: Path, tmp_path: Path) -> None:
    task = evaluation_task(write_csv(tmp_path / "mc.csv", ROWS), "multiple_choice")
    scores = [
        run_evaluation(evaluation_params(model_folder, [task], batch_size=size)).result.tasks[0].scores
        for size in (1, 7, None)
    ]
    assert scores[0] == scores[1] == scores[2]


@pytest.mark.parametrize(("template", "pad"), [("<s> $A </s>", True), ("<s> $A", False)])
def test_a_decoders_prompt_ends_without_eos_and_needs_no_pad_token(
    tmp_path: Path, llama_folder: Path, template: str, pad: bool
) -> None:
    other = save_llama(tmp_path / "llama", template=template, pad=pad)
    actual = batched_log_likelihoods(other, ROWS)
    for mine, expected in zip(actual, plain_log_likelihoods(llama_folder, ROWS), strict=True):
        assert mine == pytest.approx(expected, rel=0, abs=1e-4)


def test_a_start_token_before_choices_changes_what_a_decoder_says(llama_folder: Path) -> None:
    without, with_start = (plain_log_likelihoods(llama_folder, ROWS, prefix) for prefix in ("none", "bos"))
    assert choices_of(without) != choices_of(with_start)


def test_a_tokenizer_without_a_start_token_scores_choices_whole(tmp_path: Path) -> None:
    """The token that the starter kit leaves out would be the choice's own."""
    folder = save_llama(tmp_path / "llama", template="$A")
    path = write_csv(tmp_path / "mc.csv", ROWS)
    runs = [
        run_evaluation(evaluation_params(folder, [evaluation_task(path, "multiple_choice", prefix=prefix)]))
        for prefix in ("none", "bos")
    ]
    assert runs[0].result.tasks[0].predictions == runs[1].result.tasks[0].predictions
    assert [log.level for log in runs[1].logs] == ["warning"]
    assert "no token of its own" in runs[1].logs[0].message


def test_nan_is_an_error(tmp_path: Path) -> None:
    model = llama()
    with torch.no_grad():
        model.model.layers[1].mlp.up_proj.weight[3, 4] = math.nan
    model.save_pretrained(tmp_path / "nan")
    save_tokenizer(tmp_path / "nan", "<s> $A")
    task = evaluation_task(write_csv(tmp_path / "mc.csv", ROWS), "multiple_choice")
    with pytest.raises(WorkerError) as caught:
        run_evaluation(evaluation_params(tmp_path / "nan", [task]))
    assert caught.value.code == "non-finite"
