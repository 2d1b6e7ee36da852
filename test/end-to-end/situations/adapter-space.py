"""Adapters of many kinds, and what merges of them must give.

Reads ``{"make": FOLDER}`` and writes a base and adapters there; or ``{"compare": [...]}``, each ``{"base",
"out", "adapters": [[weight, FOLDER], ...], "mode", "rank"}``, and prints for each by how much the output,
a model or an adapter that peft loads, differs from the expected one: its logits, or, where a model is in
bfloat16, its weights in steps of that type. Expected is the base plus the merged updates, computed in float64
from the adapters' files, or ``null`` as a mode: from what peft's own merge of each adapter gives.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, PreTrainedModel

Array = NDArray[np.float64]
Weights = dict[str, torch.Tensor]
Update = tuple[Array, Array, float]

IDS = torch.arange(24).reshape(2, 12)


def load(folder: str) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)


def weights_of(model: torch.nn.Module) -> Weights:
    return {name: tensor.detach().double() for name, tensor in model.state_dict().items()}


def logits_of(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        return model.eval()(IDS).logits.double()


def updates_of(folder: str) -> dict[str, Update]:
    config = json.loads((Path(folder) / "adapter_config.json").read_text())
    tensors = load_file(Path(folder) / "adapter_model.safetensors")
    found = {}
    for name, tensor in tensors.items():
        if name.endswith(".lora_A.weight"):
            module = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            b = tensors[name.replace("lora_A", "lora_B")]
            scale = config["lora_alpha"] / len(tensor)
            found[f"{module}.weight"] = tensor.double().numpy(), b.double().numpy(), scale
    return found


def padded(factor: Array, shape: tuple[int, ...]) -> Array:
    """Zeros in front of what is there."""
    target = np.zeros(shape)
    target[tuple(slice(size - own, size) for size, own in zip(shape, factor.shape, strict=True))] = factor
    return target


def unit_slerp(first: Array, second: Array, t: float) -> Array:
    a, b = (v / n if (n := np.linalg.norm(v)) > 1e-8 else v for v in (first, second))
    dot = float((a * b).sum())
    if abs(dot) > 0.9995:
        return np.asarray((1 - t) * a + t * b)
    angle = math.acos(dot)
    return np.asarray((math.sin((1 - t) * angle) * a + math.sin(t * angle) * b) / math.sin(angle))


def merged_update(pairs: list[Update | None], weights: list[float], mode: str, rank: int | None) -> Array:
    present = [pair for pair in pairs if pair is not None]
    if mode.startswith("factor"):
        scale, most = present[0][2], max(len(a) for a, _, _ in present)
        inner, out = present[0][0].shape[1], present[0][1].shape[0]
        sides = [
            [
                np.zeros(shape) if pair is None else padded(pair[at] * (pair[2] / scale if at else 1), shape)
                for pair in pairs
            ]
            for at, shape in enumerate([(most, inner), (out, most)])
        ]
        if mode == "factor slerp":
            a, b = (unit_slerp(side[0], side[1], weights[0]) for side in sides)
        else:
            a, b = (sum(w * factor for w, factor in zip(weights, side, strict=True)) for side in sides)
        return np.asarray(scale * b @ a)
    total = sum(
        weight * pair[2] * pair[1] @ pair[0]
        for weight, pair in zip(weights, pairs, strict=True)
        if pair is not None
    )
    if rank is None:
        return np.asarray(total)
    left, values, right = np.linalg.svd(np.asarray(total), full_matrices=False)
    return np.asarray((left[:, :rank] * values[:rank]) @ right[:rank])


def expected(given: dict[str, Any]) -> Weights:
    wanted = weights_of(load(given["base"]))
    weights, folders = [w for w, _ in given["adapters"]], [folder for _, folder in given["adapters"]]
    if given["mode"] is None:
        base = {name: tensor.clone() for name, tensor in wanted.items()}
        for weight, folder in given["adapters"]:
            own = weights_of(PeftModel.from_pretrained(load(given["base"]), folder).merge_and_unload())
            for name in wanted:
                wanted[name] += weight * (own[name] - base[name])
        return wanted
    updates = [updates_of(folder) for folder in folders]
    for name in {name for one in updates for name in one}:
        update = merged_update([one.get(name) for one in updates], weights, given["mode"], given["rank"])
        wanted[name] += torch.from_numpy(update)
    return wanted


def compare(given: dict[str, Any]) -> dict[str, Any]:
    wanted = expected(given)
    is_adapter = os.path.exists(os.path.join(given["out"], "adapter_config.json"))
    if not is_adapter:
        out = weights_of(load(given["out"]))
        steps = max(
            float(((out[n] - wanted[n]).abs() / (wanted[n].abs() * 2**-8 + 1e-7)).max()) for n in wanted
        )
        return {"steps": steps, "names": set(out) == set(wanted)}
    reference = load(given["base"])
    plain = logits_of(reference)
    reference.load_state_dict({name: tensor.float() for name, tensor in wanted.items()})
    model = PeftModel.from_pretrained(load(given["base"]), given["out"])
    difference = (logits_of(model) - logits_of(reference)).abs().max()
    folded = (logits_of(model.merge_and_unload()) - logits_of(reference)).abs().max()
    return {
        "logits": float(difference),
        "folded": float(folded),
        "changed": float((logits_of(reference) - plain).abs().max()),
    }


def make(folder: Path) -> dict[str, Any]:
    """A Llama and a GPT-2, and adapters of each with random numbers in all of their factors."""
    small = {"vocab_size": 64, "tie_word_embeddings": False}
    torch.manual_seed(0)
    llama = LlamaConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, **small
    )
    gpt = GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=64, vocab_size=64)
    for name, config in (("llama", llama), ("gpt", gpt)):
        AutoModelForCausalLM.from_config(config).save_pretrained(folder / name)
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "embedding": (
            "llama",
            {
                "target_modules": ["q_proj", "embed_tokens"],
                "r": 4,
                "lora_alpha": 6,
                "use_rslora": True,
                "rank_pattern": {"layers.1.self_attn.q_proj": 3},
                "alpha_pattern": {"layers.0.self_attn.q_proj": 5},
            },
        ),
        "saving": (
            "llama",
            {
                "target_modules": ["q_proj", "down_proj"],
                "r": 2,
                "lora_alpha": 8,
                "modules_to_save": ["lm_head"],
            },
        ),
        "conv": ("gpt", {"target_modules": ["c_attn"], "r": 3, "lora_alpha": 6, "fan_in_fan_out": True}),
        "square": (
            "gpt",
            {"target_modules": ["c_attn", "c_proj"], "r": 2, "lora_alpha": 2, "fan_in_fan_out": True},
        ),
    }
    for name, (base, config) in kinds.items():
        model = get_peft_model(load(str(folder / base)), LoraConfig(task_type="CAUSAL_LM", **config))
        with torch.no_grad():
            for parameter, tensor in model.named_parameters():
                if tensor.requires_grad:
                    tensor.add_(torch.randn_like(tensor) * (0.05 if "modules_to_save" in parameter else 0.2))
        model.save_pretrained(folder / name)
    return {}


if __name__ == "__main__":
    request = json.load(sys.stdin)
    print(
        json.dumps(
            make(Path(request["make"])) if "make" in request else [compare(one) for one in request["compare"]]
        )
    )
