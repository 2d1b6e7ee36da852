"""Parameters that the grid leaves at their defaults, and the levels at which a parameter can stand."""

from collections.abc import Iterator, Mapping, Sequence

from parity.cases.case import Case, Comparison, Recipe, model

FOLDER = "./llama-float32"
COARSE = "./llama-bfloat16"
BASE = f"{FOLDER}/base"


def _case(
    name: str,
    method: str,
    models: Sequence[Recipe],
    shared: Mapping[str, object],
    *,
    base: str | None = BASE,
    comparison: Comparison = "close",
) -> Case:
    recipe: Recipe = {"merge_method": method, "models": list(models), "dtype": "float32"}
    if base:
        recipe["base_model"] = base
    if shared:
        recipe["parameters"] = dict(shared)
    options = {"random_seed": 5} if comparison == "random" else {}
    return Case("parameters", name, recipe, comparison, options=options)


def _tunes(*parameters: Mapping[str, object], folder: str = FOLDER) -> list[Recipe]:
    return [model(f"{folder}/{name}", given) for name, given in zip("abc", parameters, strict=False)]


def _task_vectors() -> Iterator[Case]:
    weights = ({"weight": 0.5}, {"weight": 1.5}, {"weight": 0.25})
    thinned = tuple({**given, "density": 0.4} for given in weights)
    signed = ({"weight": 0.7, "density": 0.6}, {"weight": -0.4, "density": 0.6})
    yield _case("task-arithmetic-normalized", "task_arithmetic", _tunes(*weights), {"normalize": True})
    yield _case("task-arithmetic-negative", "task_arithmetic", _tunes(*signed), {"lambda": 1.3})
    yield _case("ties-rescaled", "ties", _tunes(*thinned), {"rescale": True}, comparison="top-k")
    yield _case("ties-not-normalized", "ties", _tunes(*thinned), {"normalize": False}, comparison="top-k")
    yield _case("ties-int8-mask", "ties", _tunes(*thinned), {"int8_mask": True}, comparison="top-k")
    yield _case("ties-negative", "ties", _tunes(*signed), {"normalize": False}, comparison="top-k")
    for density in (0, 1e-9, 0.29, 1):
        only = {"weight": 1, "density": density}
        yield _case(f"ties-density-{density}", "ties", _tunes(only, only), {}, comparison="top-k")
    yield _case(
        "ties-one-model-bfloat16",
        "ties",
        _tunes({"weight": 1, "density": 0.5}, folder=COARSE),
        {},
        base=f"{COARSE}/base",
        comparison="top-k",
    )
    yield _case(
        "breadcrumbs-one-model-bfloat16",
        "breadcrumbs",
        _tunes({"weight": 1, "density": 0.5, "gamma": 0.1}, folder=COARSE),
        {},
        base=f"{COARSE}/base",
        comparison="top-k",
    )
    edge = ({"weight": 1, "density": 0.9, "gamma": 0.3}, {"weight": 1, "density": 0.9, "gamma": 0})
    yield _case("breadcrumbs-gamma-edges", "breadcrumbs", _tunes(*edge), {}, comparison="top-k")
    yield _case("dare-not-rescaled", "dare_linear", _tunes(*thinned), {"rescale": False}, comparison="random")
    yield _case("dare-normalized", "dare_ties", _tunes(*thinned), {"normalize": True}, comparison="random")
    yield _case(
        "dare-one-model", "dare_linear", _tunes({"weight": 1, "density": 0.1}), {}, comparison="random"
    )
    yield _case("della-not-rescaled", "della", _tunes(*thinned), {"rescale": False}, comparison="random")


def _averages() -> Iterator[Case]:
    weights = ({"weight": 0.5}, {"weight": 1.5}, {"weight": 0.25})
    two = weights[:2]
    yield _case("linear-not-normalized", "linear", _tunes(*weights), {"normalize": False}, base=None)
    yield _case("linear-base-among", "linear", [*_tunes(*two), model(BASE, {"weight": 2})], {})
    yield _case("nuslerp-based", "nuslerp", _tunes(*two), {}, comparison="spherical")
    rows = {"nuslerp_flatten": False}
    yield _case("nuslerp-rows", "nuslerp", _tunes(*two), rows, base=None)
    yield _case("nuslerp-columns", "nuslerp", _tunes(*two), {**rows, "nuslerp_row_wise": True}, base=None)
    yield _case("nuslerp-based-rows", "nuslerp", _tunes(*two), rows)
    cancelling = ({"weight": 0.5}, {"weight": -0.5})
    yield _case("nuslerp-cancelling", "nuslerp", _tunes(*cancelling), {}, base=None)
    yield _case("multislerp-based", "multislerp", _tunes(*weights), {}, comparison="spherical")
    loose = {"normalize_weights": False, "eps": 1e-6}
    yield _case("multislerp-not-normalized", "multislerp", _tunes(*weights), loose, base=None)
    yield _case("slerp-beyond", "slerp", _tunes({}), {"t": 1.4}, comparison="spherical")
    yield _case("model-stock-rows", "model_stock", _tunes({}, {}, {}), {"filter_wise": True})
    yield _case("model-stock-two", "model_stock", _tunes({}, {}), {})
    yield _case("sce-all", "sce", _tunes({}, {}, {}), {})
    yield _case("sce-one-model", "sce", _tunes({}), {"select_topk": 0.5}, comparison="variance")


def _small_updates() -> Iterator[Case]:
    folder = "./small-updates/llama-float32"
    tunes = [model(f"{folder}/{name}") for name in "abc"]
    yield _case("small-updates-stock", "model_stock", tunes, {}, base=f"{folder}/base", comparison="stock")
    yield _case("small-updates-sce", "sce", tunes, {}, base=f"{folder}/base")


def _levels() -> Iterator[Case]:
    """The same parameter at the model, the slice and the top: the innermost that matches wins."""
    sources = [
        model(f"{FOLDER}/a", {"weight": [{"filter": "q_proj", "value": 0.9}]}, layer_range=[0, 4]),
        model(f"{FOLDER}/b", layer_range=[0, 4]),
    ]
    inner = {"sources": sources, "parameters": {"weight": [{"filter": "self_attn", "value": [0.3, 0.6]}]}}
    recipe: Recipe = {
        "merge_method": "linear",
        "slices": [inner],
        "parameters": {"weight": [{"filter": "mlp", "value": 0.2}, {"value": 0.5}], "normalize": False},
        "dtype": "float32",
    }
    yield Case("parameters", "levels", recipe)
    single = {"filter": "mlp", "value": [0.1, 0.9]}
    yield _case(
        "single-mapping", "linear", _tunes({"weight": single}, {"weight": 0.5}), {"weight": 1}, base=None
    )
    text = [{"weight": "0.25"}, {"weight": "1e-1"}]
    yield _case("numbers-as-text", "linear", _tunes(*text), {"normalize": "false"}, base=None)


def parameter_cases() -> Iterator[Case]:
    """Everything that is not in the grid about parameters."""
    yield from _task_vectors()
    yield from _averages()
    yield from _small_updates()
    yield from _levels()
