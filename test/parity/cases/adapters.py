"""Models with a LoRA: mergekit merges it with peft first, amalgam while it reads."""

from collections.abc import Iterator

from parity.cases.case import Case, Recipe, model

OPTIONS = {"lora_merge_cache": "./lora-cache", "lora_merge_dtype": "float32"}
BASE = "./llama-float32/base"


def adapter_cases() -> Iterator[Case]:
    """One adapter taken as it is, and two of different kinds averaged."""
    alone: Recipe = {"merge_method": "passthrough", "models": [model(f"{BASE}+./adapters/plain")]}
    yield Case("adapters", "one-adapter", {**alone, "dtype": "float32"}, options=OPTIONS)
    models = [
        model(f"{BASE}+./adapters/plain", {"weight": 0.6}),
        model(f"{BASE}+./adapters/patterns", {"weight": 0.4}),
    ]
    recipe: Recipe = {
        "merge_method": "task_arithmetic",
        "models": models,
        "base_model": BASE,
        "dtype": "float32",
    }
    yield Case("adapters", "two-adapters", recipe, options=OPTIONS)
