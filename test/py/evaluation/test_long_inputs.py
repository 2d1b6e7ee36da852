from pathlib import Path

import pytest
import torch
from evaluation_data import evaluation_params, evaluation_task, multiple_choice_rows, write_csv
from evaluation_run import run_evaluation

from amalgam_worker.evaluation.model import load_model
from amalgam_worker.evaluation.tokens import encode_prompts

ROWS = multiple_choice_rows(30)
LIMIT = 12


def test_long_inputs_keep_their_end_and_special_tokens(model_folder: Path) -> None:
    loaded = load_model(model_folder, None, torch.device("cpu"))
    texts = [row[1] for row in ROWS]
    whole = encode_prompts(loaded, texts, 1000)
    short = encode_prompts(loaded, texts, LIMIT)
    assert whole.shortened == 0
    assert short.shortened == sum(len(ids) > LIMIT for ids in whole.ids) > 0
    for before, after in zip(whole.ids, short.ids, strict=True):
        if len(before) <= LIMIT:
            assert after == before
        elif loaded.encoder_decoder:
            assert after == before[-LIMIT:]
        else:
            assert after == [before[0], *before[-LIMIT + 1 :]]


def test_shortened_inputs_are_counted_in_a_warning(llama_folder: Path, tmp_path: Path) -> None:
    task = evaluation_task(write_csv(tmp_path / "mc.csv", ROWS), "multiple_choice", longest=LIMIT)
    run = run_evaluation(evaluation_params(llama_folder, [task]))
    loaded = load_model(llama_folder, None, torch.device("cpu"))
    count = encode_prompts(loaded, [row[1] for row in ROWS], LIMIT).shortened
    assert [log.level for log in run.logs] == ["warning"]
    assert f"mc: {count} of {len(ROWS)} inputs" in run.logs[0].message


@pytest.mark.parametrize("kind", ["multiple_choice", "generation"])
def test_an_input_longer_than_the_models_positions_is_shortened(
    llama_folder: Path, tmp_path: Path, kind: str
) -> None:
    words = "the fox eats red berries " * 80
    row = ("long", words, "0" if kind == "multiple_choice" else "fox", "['a', 'b b']", kind)
    path = write_csv(tmp_path / "long.csv", [row])
    task = evaluation_task(
        path, "multiple_choice" if kind == "multiple_choice" else "generation", longest=10_000
    )
    run = run_evaluation(evaluation_params(llama_folder, [task]))
    assert run.result.tasks[0].n == 1
    assert "1 of 1 inputs" in run.logs[0].message
