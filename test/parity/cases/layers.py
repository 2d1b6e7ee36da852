"""Stacks of layers, bases of slices, modules, types and files of the output."""

from collections.abc import Iterator, Mapping, Sequence

from parity.cases.case import Case, Recipe, model

FOLDER = "./llama-float32"
BFLOAT16_STEP = 2.0**-8
"""Two roundings to bfloat16 are at most one step apart; relative to a value, a step is at most 2**-7."""


def _slice(*sources: Recipe, **more: object) -> Recipe:
    return {"sources": list(sources), **more}


def _source(name: str, start: int, end: int, parameters: Mapping[str, object] | None = None) -> Recipe:
    return model(f"{FOLDER}/{name}", parameters, layer_range=[start, end])


def _stack(name: str, slices: Sequence[Recipe], method: str = "passthrough", **more: object) -> Case:
    recipe: Recipe = {"merge_method": method, "slices": list(slices), "dtype": "float32", **more}
    return Case(
        "stacks",
        name,
        recipe,
        comparison="spherical" if method == "slerp" else "close",
        differences=["last-slice"] if name == "one-then-two" else [],
    )


def stack_cases() -> Iterator[Case]:
    """Slices of one and of several models."""
    yield _stack("frankenmerge", [_slice(_source("a", 0, 3)), _slice(_source("b", 1, 4))])
    yield _stack(
        "self-merge", [_slice(_source("a", 0, 3)), _slice(_source("a", 1, 4)), _slice(_source("a", 3, 4))]
    )
    scale = {"scale": [{"filter": "o_proj", "value": 0}, {"filter": "down_proj", "value": 0}, {"value": 1}]}
    yield _stack("null-layers", [_slice(_source("a", 0, 4)), _slice(_source("b", 2, 4, scale))])
    yield _stack("shrunk", [_slice(_source("a", 0, 1)), _slice(_source("b", 3, 4))])
    gradient = {"weight": [0.2, 0.6, 1]}
    ones = [
        _slice(_source("a", layer, layer + 1, gradient), _source("b", layer, layer + 1, {"weight": 0.5}))
        for layer in range(2)
    ]
    yield _stack("single-layers", ones, "linear")
    mixed = [_slice(_source("a", 0, 2, gradient), _source("b", 0, 2, {"weight": 0.5}))]
    yield _stack("two-then-one", [*mixed, _slice(_source("c", 1, 4, gradient))], "linear")
    yield _stack("one-then-two", [_slice(_source("c", 0, 2, gradient)), *mixed], "linear")
    own = [
        _slice(_source("a", 0, 2), _source("base", 0, 2)),
        _slice(_source("b", 1, 3), _source("c", 1, 3), base_model=f"{FOLDER}/c"),
    ]
    yield _stack("base-of-a-slice", own, "slerp", base_model=f"{FOLDER}/base", parameters={"t": [0.2, 0.7]})


def module_cases() -> Iterator[Case]:
    """T5's two stacks by name."""
    tunes = [model("./t5-float32/a", {"weight": [0.2, 0.8]}), model("./t5-float32/b", {"weight": 0.5})]
    decoder = {"slices": [_t5_slice(0, 2), _t5_slice(1, 2)]}
    encoder = {"models": tunes, "parameters": {"normalize": False}}
    recipe: Recipe = {
        "merge_method": "linear",
        "modules": {"encoder": encoder, "decoder": decoder},
        "dtype": "float32",
    }
    recipe["base_model"] = "./t5-float32/a"
    yield Case("modules", "t5-two-modules", recipe, differences=["unlisted-modules"])
    shared = {"models": tunes, "parameters": {"normalize": True}}
    modules = {"encoder": encoder, "decoder": decoder, "shared": shared}
    yield Case("modules", "t5-three-modules", {**recipe, "modules": modules})


def _t5_slice(start: int, end: int) -> Recipe:
    return {
        "sources": [
            model("./t5-float32/a", {"weight": 0.3}, layer_range=[start, end]),
            model("./t5-float32/b", {"weight": 0.7}, layer_range=[start, end]),
        ]
    }


def _typed(name: str, folders: Sequence[str], tolerance: float, **more: object) -> Case:
    models = [
        model(f"./llama-{folder}/{tune}", {"weight": 0.4}) for folder, tune in zip(folders, "ab", strict=True)
    ]
    recipe: Recipe = {"merge_method": "linear", "models": models, "base_model": models[0]["model"], **more}
    differences = ["dtype-spelling"] if name == "out-float16" else []
    return Case("types", name, recipe, tolerance=tolerance, differences=differences)


def type_cases() -> Iterator[Case]:
    """`dtype` and `out_dtype`, given or not; `linear` computes in float32 in both programs."""
    coarse, fine, half = "bfloat16", "float32", "float16"
    yield _typed("kept-float32", (fine, fine), 1e-6)
    yield _typed("kept-bfloat16", (coarse, coarse), BFLOAT16_STEP)
    yield _typed("promoted", (fine, coarse), 1e-6)
    yield _typed("to-bfloat16", (fine, fine), 2 * BFLOAT16_STEP, dtype=coarse)
    yield _typed("to-float16", (fine, fine), 2.0**-9, dtype=half)
    yield _typed("out-bfloat16", (fine, fine), BFLOAT16_STEP, dtype=fine, out_dtype=coarse)
    yield _typed("out-float16", (coarse, coarse), 2.0**-10, dtype=fine, out_dtype="torch.float16")
    yield _typed("to-float64", (fine, fine), 1e-6, dtype="float64")


def file_cases() -> Iterator[Case]:
    """Shards by size in bytes."""
    recipe = {"merge_method": "passthrough", "models": [model(f"{FOLDER}/a")], "dtype": "float32"}
    yield Case(
        "files", "shards", recipe, options={"out_shard_size": 100_000}, flags=["--out-shard-size", "100K"]
    )
