"""Compares merges with the same share of two models taken by hand, by their logits.

Reads ``{"first": FOLDER, "second": FOLDER, "merges": [[share of the first, FOLDER], ...]}`` and prints, for
each merge, the largest difference of a logit relative to the largest logit, and the keys that do not fit.
"""

from __future__ import annotations

import json
import sys

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel

PROBLEMS = ("missing_keys", "unexpected_keys", "mismatched_keys")
TOKENS = torch.arange(8, 312, 19).unsqueeze(0)


def load(folder: str) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def with_head(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    """All weights in float32, with a copy of the embedding where the model has no head."""
    weights = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    weights.setdefault("lm_head.weight", weights["model.embed_tokens.weight"].clone())
    return weights


def logits(model: PreTrainedModel) -> torch.Tensor:
    with torch.inference_mode():
        return model(TOKENS).logits


def main() -> None:
    given = json.load(sys.stdin)
    first, second = (load(given[name]) for name in ("first", "second"))
    untied = first if not first.config.tie_word_embeddings else second
    left, right = with_head(first), with_head(second)
    compared = []
    for share, folder in given["merges"]:
        untied.load_state_dict({name: share * left[name] + (1 - share) * right[name] for name in left})
        expected = logits(untied)
        merged, info = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, output_loading_info=True
        )
        compared.append(
            {
                "error": float((logits(merged) - expected).abs().max() / expected.abs().max()),
                "problems": [str(key) for kind in PROBLEMS for key in sorted(map(str, info[kind]))],
            }
        )
    print(json.dumps(compared))


if __name__ == "__main__":
    main()
