"""What transformers makes of merged models: reads a JSON list of folders, prints a list of findings."""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

TEXT = "merge the models<tool3> and<tool7>answer 42"


def look(folder: str) -> dict[str, Any]:
    """Loads a model and its tokenizer, generates, and takes a text there and back."""
    config = AutoConfig.from_pretrained(folder)
    model, info = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(TEXT, return_tensors="pt")
    with torch.inference_mode():
        logits = model(ids["input_ids"]).logits
    encoded = ids["input_ids"][0].tolist()
    return {
        "problems": [
            str(key)
            for kind in ("missing_keys", "unexpected_keys", "mismatched_keys")
            for key in sorted(map(str, info[kind]))
        ],
        "finite": bool(torch.isfinite(logits).all()),
        "dtype": str(model.dtype),
        "layers": config.num_hidden_layers,
        "tied": config.tie_word_embeddings,
        "vocab_size": config.vocab_size,
        "rows": model.get_input_embeddings().weight.shape[0],
        "head_rows": model.get_output_embeddings().weight.shape[0],
        "tokens": len(tokenizer),
        "greatest_id": max(tokenizer.get_vocab().values()),
        "tools": [index for index in encoded if index >= 320],
        "round_trip": tokenizer.decode(encoded) == TEXT,
    }


if __name__ == "__main__":
    print(json.dumps([look(folder) for folder in json.load(sys.stdin)]))
