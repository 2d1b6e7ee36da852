"""Merges adapters with peft, and compares.

Reads a list of ``{"base": FOLDER, "adapters": [[weight, FOLDER], ...], "out": FOLDER}``; prints for each how
many tensors there are, which are more than a step of bfloat16 from base + sum of weight * (peft's merge -
base), how many differ from the base, and how many tokens the tokenizer of the output has.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

Weights = dict[str, torch.Tensor]


def load(folder: str) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def weights_of(model: torch.nn.Module) -> Weights:
    return {name: tensor.detach().double() for name, tensor in model.state_dict().items()}


def compare(given: dict[str, Any]) -> dict[str, Any]:
    base, out = weights_of(load(given["base"])), weights_of(load(given["out"]))
    wanted = {name: tensor.clone() for name, tensor in base.items()}
    for weight, adapter in given["adapters"]:
        merged = weights_of(PeftModel.from_pretrained(load(given["base"]), adapter).merge_and_unload())
        for name in wanted:
            wanted[name] += weight * (merged[name] - base[name])
    off = [
        name
        for name, tensor in out.items()
        if ((tensor - wanted[name]).abs() > wanted[name].abs() * 2.0**-7 + 1e-6).any()
    ]
    changed = sum(not torch.equal(out[name], base[name]) for name in out)
    tokens = len(AutoTokenizer.from_pretrained(given["out"]))
    return {"tensors": len(out), "off": off, "changed": changed, "tokens": tokens}


if __name__ == "__main__":
    print(json.dumps([compare(given) for given in json.load(sys.stdin)]))
