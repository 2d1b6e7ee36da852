"""Recomputes a merge in float64 numpy from recipe and models, and compares every tensor of the output.

Shares no code with amalgam: safetensors reads, PyYAML parses, the formulas are those of the papers as
mergekit documents them. Usage: check_merge.py RECIPE=OUT...; prints one JSON object for each.
"""

from __future__ import annotations

import hashlib
import json
import math
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import formulas
import numpy as np
import yaml
from safetensors import safe_open

Tensors = dict[str, np.ndarray]
Settings = dict[str, Any]

METHODS_BY_PREFIX = {
    "avg": "linear",
    "ta": "task_arithmetic",
    "ties": "ties",
    "dare_ties": "dare_ties",
    "slerp": "slerp",
}


def load(folder: Path) -> Tensors:
    tensors: Tensors = {}
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, framework="pt") as opened:
            names = opened.keys()
            for name in names:
                tensors[name] = opened.get_tensor(name).double().numpy()
    return tensors


def load_with_adapter(folder: Path, adapter: Path) -> Tensors:
    """W + alpha / r * B A, peft's default scaling."""
    tensors, factors = load(folder), load(adapter)
    config = json.loads((adapter / "adapter_config.json").read_text())
    for name, a in factors.items():
        if ".lora_A." in name:
            target = name.removeprefix("base_model.model.").replace(".lora_A.weight", ".weight")
            b = factors[name.replace(".lora_A.", ".lora_B.")]
            tensors[target] = tensors[target] + config["lora_alpha"] / config["r"] * (b @ a)
    return tensors


def resolve(text: str, recipe: Path) -> Tensors:
    model, _, adapter = text.partition("+")
    if adapter:
        return load_with_adapter(recipe.parent / model, recipe.parent / adapter)
    return load(recipe.parent / model)


def keep_largest(delta: np.ndarray, density: float) -> np.ndarray:
    """Exactly k = max(1, int(density * n)) largest magnitudes; ties go to the lowest index."""
    if density >= 1:
        return delta
    flat = delta.reshape(-1)
    order = np.argsort(-np.abs(flat), kind="stable")[: max(1, int(density * flat.size))]
    kept = np.zeros_like(flat)
    if density > 0:
        kept[order] = flat[order]
    return kept.reshape(delta.shape)


MASK_BLOCK = 262_144
PLACES = np.arange(MASK_BLOCK, dtype=np.uint32)


def lowbias32(words: np.ndarray) -> np.ndarray:
    """Chris Wellons' hash in wrapping uint32."""
    words = (words ^ (words >> np.uint32(16))) * np.uint32(0x7FEB352D)
    words = (words ^ (words >> np.uint32(15))) * np.uint32(0x846CA68B)
    return words ^ (words >> np.uint32(16))


def random_words(elements: int, model: int, name: str) -> np.ndarray:
    """As amalgam documents them: each place's hash, mixed with 63 key bits of its block; seed 0."""
    words = []
    for block, start in enumerate(range(0, elements, MASK_BLOCK)):
        digest = hashlib.sha256(f"0/{model}/{block}/{name}".encode()).digest()
        first, second = (int.from_bytes(digest[i : i + 4], "little") for i in (0, 4))
        words.append((lowbias32(PLACES[: elements - start]) ^ np.uint32(first)) * np.uint32(second | 1))
    return np.concatenate(words).view(np.int32)


def keep_random(delta: np.ndarray, density: float | np.ndarray, model: int, name: str) -> np.ndarray:
    """DARE keeps the largest words, DELLA, whose densities differ, those below each element's limit."""
    words, share = random_words(delta.size, model, name), np.rint(np.asarray(density) * 2.0**32)
    kept = words > 2**31 - 1 - share if np.ndim(density) == 0 else words < share.reshape(-1) - 2**31
    return np.where(kept.reshape(delta.shape), delta, 0)


def family(
    method: str, base: np.ndarray, models: list[np.ndarray], settings: Settings, name: str
) -> np.ndarray:
    """Task arithmetic and its kin: sparsify, rescale, elect, add."""
    normalize = settings.get("normalize", method in ("ties", "della"))
    rescale = settings.get("rescale", method.startswith(("dare", "della")))
    total = np.zeros_like(base)
    terms, weights = [], settings["weight"]
    for index, (model, weight, density) in enumerate(zip(models, weights, settings["density"], strict=True)):
        delta = model - base
        kept = delta
        if method == "ties":
            kept = keep_largest(delta, density)
        elif method.startswith("breadcrumbs"):
            kept = formulas.between(delta, density, settings["gamma"][index])
        elif method.startswith("dare") and density < 1:
            kept = keep_random(delta, density, index + 1, name)
        elif method.startswith("della") and density < 1:
            probability = formulas.keep_probability(delta, density, settings["epsilon"][index])
            kept = keep_random(delta, probability, index + 1, name)
        norms = np.abs(delta).sum(), np.abs(kept).sum()
        if rescale and kept is not delta and min(norms) >= 1e-7:
            kept = kept * (norms[0] / norms[1])
        terms.append(weight * kept)
    if settings.get("dialect") == "paper":
        deltas = [model - base for model in models]
        return base + settings.get("lambda", 1) * formulas.elected_alike(deltas, weights, normalize)
    if method.endswith("ties") or method == "della":
        sign = np.where(sum(terms) >= 0, 1.0, -1.0)
        agree = [np.sign(term) == sign for term in terms]
        total = sum(np.where(mask, term, 0) for mask, term in zip(agree, terms, strict=True))
        divisor = sum(np.where(mask, weight, 0) for mask, weight in zip(agree, weights, strict=True))
        divisor = np.where(divisor == 0, 1, divisor)
    else:
        total, divisor = sum(terms), np.float64(sum(weights) if abs(sum(weights)) >= 1e-8 else 1)
    return base + settings.get("lambda", 1) * (total / divisor if normalize else total)


def slerp(base: np.ndarray, other: np.ndarray, t: float) -> np.ndarray:
    norms = np.linalg.norm(base), np.linalg.norm(other)
    if min(norms) <= 1e-8:
        return (1 - t) * base + t * other
    cosine = float((base / norms[0] * (other / norms[1])).sum())
    if abs(cosine) > 0.9995:
        return (1 - t) * base + t * other
    angle = math.acos(cosine)
    return (math.sin((1 - t) * angle) * base + math.sin(t * angle) * other) / math.sin(angle)


def model_stock(base: np.ndarray, models: list[np.ndarray]) -> np.ndarray:
    deltas = [(model - base).reshape(-1) for model in models]
    cosines = [a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-38) for a, b in combinations(deltas, 2)]
    cosine, count = float(np.mean(cosines)), len(models)
    divisor = 1 + (count - 1) * cosine
    t = 0 if abs(divisor) < 1e-6 else count * cosine / divisor
    return t * sum(models) / count + (1 - t) * base


def read_recipe(path: Path) -> tuple[str, Tensors | None, list[Tensors], Settings]:
    recipe = yaml.safe_load(path.read_text())
    if "list_models" in recipe:
        return read_kit_config(path, recipe)
    settings = dict(recipe.get("parameters") or {})
    models = recipe["models"]
    defaults = {"weight": None, "density": 1, "scale": 1, "gamma": 0.01}
    if recipe["merge_method"].startswith("della"):
        defaults["epsilon"] = 0.15
    for name, default in defaults.items():
        settings[name] = [(m.get("parameters") or {}).get(name, settings.get(name, default)) for m in models]
    base = resolve(recipe["base_model"], path) if "base_model" in recipe else None
    return recipe["merge_method"], base, [resolve(model["model"], path) for model in models], settings


def read_kit_config(path: Path, recipe: Settings) -> tuple[str, Tensors | None, list[Tensors], Settings]:
    method = recipe.get("merge_method") or METHODS_BY_PREFIX[path.stem.split("_")[0]]
    models = []
    for name, _ in recipe["list_models"]:
        folder = path.parent / name
        adapter = (folder / "adapter_config.json").exists()
        models.append(
            load_with_adapter(path.parent / recipe["base_model_name"], folder) if adapter else load(folder)
        )
    lambdas = recipe["parameter_lambdas"]
    settings = {"weight": lambdas, "density": [1] * len(models), "t": lambdas[0], "normalize": False}
    base = load(path.parent / recipe["base_model_name"])
    return (
        (method, models[0], models[1:], settings) if method == "slerp" else (method, base, models, settings)
    )


def expected(
    method: str, base: np.ndarray | None, models: list[np.ndarray], s: Settings, name: str
) -> np.ndarray:
    if method == "linear":
        total = sum(weight * model for weight, model in zip(s["weight"], models, strict=True))
        return total / sum(s["weight"]) if s.get("normalize", True) else total
    if method == "passthrough":
        return models[0] * s["scale"][0]
    if method == "karcher":
        return formulas.karcher(models, s)
    if method in ("nuslerp", "multislerp"):
        start = np.zeros_like(models[0]) if base is None else base
        vectors = [model - start for model in models]
        merged = formulas.multislerp(vectors, s) if method == "multislerp" else formulas.nuslerp(*vectors, s)
        return start + merged
    assert base is not None
    if method == "slerp":
        return slerp(base, models[0], s["t"])
    if method == "model_stock":
        return model_stock(base, models)
    if method == "sce":
        return formulas.sce(base, models, s)
    if method == "nearswap":
        return formulas.nearswap(base, models[0], s["t"])
    if method == "arcee_fusion":
        return formulas.arcee_fusion(base, models[0])
    if method in ("ram", "ramplus_tl"):
        return formulas.ram(base, models, s, boosted=method == "ramplus_tl")
    return family(method, base, models, s, name)


def compare(recipe: Path, out: Path) -> Settings:
    method, base, models, settings = read_recipe(recipe)
    if settings.get("trim_scope") == "model":
        assert base is not None
        densities = settings["density"]
        models = [formulas.trimmed(base, *each) for each in zip(models, densities, strict=True)]
        settings["density"] = [1] * len(models)
    output = load(out)
    reference = base or models[0]
    assert sorted(output) == sorted(reference), "other tensors than the reference model"
    worst, elements, off = 0.0, 0, 0
    for name, got in output.items():
        want = expected(
            method, None if base is None else base[name], [m[name] for m in models], settings, name
        )
        # The output is bfloat16: half a unit of its last place, and float32's noise where operands cancel.
        scale = max(float(np.abs(reference[name]).max()), 1e-12)
        allowed = np.abs(want) * 2.0**-8 + 4e-7 * scale
        error = np.abs(got - want) / allowed
        worst, elements, off = (
            max(worst, float(error.max())),
            elements + got.size,
            off + int((error > 1).sum()),
        )
    return {"method": method, "tensors": len(output), "elements": elements, "worst": worst, "off": off}


def loads(out: Path) -> Settings:
    """Loads the output with transformers as its config says, and generates."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

    config = AutoConfig.from_pretrained(out, local_files_only=True)
    auto = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
    model, info = auto.from_pretrained(out, local_files_only=True, output_loading_info=True)
    tokenizer = AutoTokenizer.from_pretrained(out, local_files_only=True)
    tokens = tokenizer("3 plus 4", return_tensors="pt")
    with torch.inference_mode():
        generated = model.generate(
            tokens["input_ids"], attention_mask=tokens["attention_mask"], max_new_tokens=3
        )
    problems = {
        key: sorted(map(str, info[key])) for key in ("missing_keys", "unexpected_keys", "mismatched_keys")
    }
    return {"dtype": str(model.dtype), "generated": int(generated.numel()), **problems}


if __name__ == "__main__":
    for pair in sys.argv[1:]:
        recipe, out = map(Path, pair.split("="))
        print(json.dumps({"recipe": recipe.name, **compare(recipe, out), "loaded": loads(out)}))
