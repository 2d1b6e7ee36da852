"""Other architectures, tied and untied heads, and architectures mixed on purpose."""

from collections.abc import Iterator

from parity.cases.case import Case, Recipe, model
from parity.families import FAMILIES

_SPARSE = ("mixtral", "qwen3-moe")


def _recipe(method: str, folder: str) -> Recipe:
    tunes = [model(f"{folder}/a", {"weight": [0.2, 0.8]}), model(f"{folder}/b", {"weight": 0.6})]
    return {"merge_method": method, "models": tunes, "base_model": f"{folder}/base", "dtype": "float32"}


def architecture_cases() -> Iterator[Case]:
    """A gradient over the layers of every family; T5 and Mixtral also show their stacks and experts."""
    for family in FAMILIES:
        recipe = _recipe("task_arithmetic", f"./{family}-float32")
        differences = ["expert-layout"] if family in _SPARSE else []
        yield Case("architectures", f"{family}-tasks", recipe, differences=differences)


_STACKED = {
    "mixtral": ["expert-layout"],
    "qwen3-moe": ["expert-layout"],
    "qwen3": ["layer-lists"],
    "gemma2": ["layer-lists"],
    "gemma3": ["layer-lists"],
}


def stacked_family_cases() -> Iterator[Case]:
    """Layers of other architectures renumbered."""
    for family in ("gpt2", "qwen3", "gemma2", "gemma3", "phi3", *_SPARSE):
        depth = 2 if family in _SPARSE else 4
        slices = [
            {"sources": [model(f"./{family}-float32/{name}", layer_range=[start, depth - 1 + start])]}
            for name, start in (("a", 0), ("b", 1))
        ]
        recipe: Recipe = {"merge_method": "passthrough", "slices": slices, "dtype": "float32"}
        recipe["base_model"] = f"./{family}-float32/a"
        yield Case("architectures", f"{family}-stack", recipe, differences=_STACKED.get(family, ()))


def head_cases() -> Iterator[Case]:
    """One model ties its head to its embeddings and the other has its own."""
    tied, untied = "./llama-tied-float32/a", "./llama-float32/b"
    for name, base, other in (("tied-base", tied, untied), ("untied-base", untied, tied)):
        for method in ("linear", "slerp", "task_arithmetic"):
            weights = (None, None) if method == "slerp" else ({"weight": 0.4}, {"weight": 0.6})
            models = [model(*pair) for pair in zip((base, other), weights, strict=True)]
            if method == "task_arithmetic":
                models = models[1:]
            recipe: Recipe = {
                "merge_method": method,
                "models": models,
                "base_model": base,
                "dtype": "float32",
            }
            if method == "slerp":
                recipe["parameters"] = {"t": 0.3}
            yield Case("heads", f"{name}-{method}", recipe, differences=["tied-flag"])


def crime_cases() -> Iterator[Case]:
    """Two classes of models with the same tensors."""
    models = [model("./llama-float32/a", {"weight": 0.5}), model("./mistral-float32/a", {"weight": 0.5})]
    recipe: Recipe = {
        "merge_method": "linear",
        "models": models,
        "base_model": "./llama-float32/a",
        "dtype": "float32",
    }
    yield Case("architectures", "crimes", recipe, options={"allow_crimes": True}, flags=["--allow-crimes"])
