"""Recomputes the first recipe in float64 with models that do not fit each other.

Reads ``{"folder": FOLDER, "out": NAME, "mode": "skip" | "pad"}``. ``skip``: a model takes no part in a tensor
whose shape is not the base's, and where none is left the base stays. ``pad``: each is filled up with zeros to
the largest size of each dimension. Prints the number of tensors, the names of those that are off, and how
many do not have the shape that the configuration asks for.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from check_merge import family, load

DENSITY = 0.5


def grow(tensor: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.pad(tensor, [(0, wanted - size) for size, wanted in zip(tensor.shape, shape, strict=True)])


def expected(name: str, base: np.ndarray, models: list[tuple[np.ndarray, float]], mode: str) -> np.ndarray:
    if mode == "pad":
        shape = tuple(np.max([base.shape, *(model.shape for model, _ in models)], axis=0))
        base, models = grow(base, shape), [(grow(model, shape), weight) for model, weight in models]
    models = [(model, weight) for model, weight in models if model.shape == base.shape]
    if not models:
        return base
    settings = {"weight": [weight for _, weight in models], "density": [DENSITY] * len(models)}
    return family("ties", base, [model for model, _ in models], settings, name)


def main() -> None:
    given = json.load(sys.stdin)
    folder, out = Path(given["folder"]), Path(given["folder"]) / given["out"]
    base, wizard, code, merged = (
        load(path) for path in (folder / "mistral", folder / "wizard", folder / "code", out)
    )
    config = json.loads((out / "config.json").read_text())
    sizes = {
        "model.embed_tokens.weight": (config["vocab_size"], config["hidden_size"]),
        "lm_head.weight": (config["vocab_size"], config["hidden_size"]),
    }
    for layer in range(config["num_hidden_layers"]):
        keys = config["num_key_value_heads"] * config["head_dim"]
        for kind in "kv":
            sizes[f"model.layers.{layer}.self_attn.{kind}_proj.weight"] = (keys, config["hidden_size"])
        for kind in ("gate", "up"):
            sizes[f"model.layers.{layer}.mlp.{kind}_proj.weight"] = (
                config["intermediate_size"],
                config["hidden_size"],
            )
    off = []
    for name, got in merged.items():
        weights = (0.5 if "mlp" in name else 0.0, 0.5)
        models = list(zip((wizard[name], code[name]), weights, strict=True))
        want = expected(name, base[name], models, given["mode"])
        if got.shape != want.shape or (np.abs(got - want) > np.abs(want) * 2.0**-10 + 1e-6).any():
            off.append(name)
    assert sorted(merged) == sorted(base)
    differing = sum(merged[name].shape != shape for name, shape in sizes.items())
    print(json.dumps({"tensors": len(merged), "off": off, "differing": differing}))


if __name__ == "__main__":
    main()
