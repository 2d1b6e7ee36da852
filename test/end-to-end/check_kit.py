"""Scores a model folder by the plainest use of transformers, example by example, in float32.

`check_kit.py MODEL LIMIT PREFIX MAX_NEW_TOKENS CSV…` prints a JSON object of metrics by file name. PREFIX
`bos` scores a choice as the starter kit does for decoders: after the tokenizer's own start token.
"""

import ast
import csv
import json
import sys
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "py" / "evaluation"))
from plain_evaluation import (
    plain_decoder_log_likelihood,
    plain_encoder_decoder_log_likelihood,
    plain_generation,
    plain_model,
    plain_rouge,
)


@torch.no_grad()
def after_start_log_likelihood(model: Any, tokenizer: Any, prompt: str, choice: str) -> float:
    """Sum of log p of the choice's tokens given prompt and start token, as the tokenizer gives both."""
    start, end = tokenizer(prompt).input_ids, tokenizer(choice).input_ids
    assert end[0] == tokenizer.bos_token_id
    logits = model(torch.tensor([start + end])).logits[0].double().log_softmax(-1)
    return sum(logits[len(start) + place - 1, end[place]].item() for place in range(1, len(end)))


def log_likelihood(model: Any, tokenizer: Any, prefix: str, prompt: str, choice: str) -> float:
    if model.config.is_encoder_decoder:
        return plain_encoder_decoder_log_likelihood(model, tokenizer, prompt, choice)
    plain = after_start_log_likelihood if prefix == "bos" else plain_decoder_log_likelihood
    return plain(model, tokenizer, prompt, choice)


def main(folder: str, limit: str, prefix: str, new_tokens: str, *files: str) -> None:
    config = json.loads((Path(folder) / "config.json").read_text())
    model, tokenizer = plain_model(Path(folder), config.get("is_encoder_decoder", False))
    results = {}
    for file in files:
        values: dict[str, list[float]] = {}
        with open(file, newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))[: int(limit)]
        for row in rows:
            if row["eval_type"] == "multiple_choice":
                choices = ast.literal_eval(row["answer_choices"])
                scores = [log_likelihood(model, tokenizer, prefix, row["input"], each) for each in choices]
                metrics = {"accuracy": float(scores.index(max(scores)) == int(row["target"]))}
            else:
                answer = plain_generation(model, tokenizer, row["input"], int(new_tokens))
                metrics = plain_rouge(row["target"], answer)
            for name, value in metrics.items():
                values.setdefault(name, []).append(value)
        means = {name: sum(each) / len(each) for name, each in values.items()}
        results[Path(file).name.split(".")[0]] = means
    print(json.dumps(results))


main(*sys.argv[1:])
