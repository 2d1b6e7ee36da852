"""Models with different tokens: where the rows of the output come from."""

from collections.abc import Iterator, Mapping

from parity.cases.case import Case, Recipe, model

FOLDER = "./vocabularies"
BASE = f"{FOLDER}/v-base"


def _recipe(method: str, names: tuple[str, ...], **more: object) -> Recipe:
    if method == "slerp":
        return {
            "merge_method": method,
            "models": [model(f"{FOLDER}/{name}") for name in names],
            "base_model": f"{FOLDER}/{names[0]}",
            "parameters": {"t": 0.3},
            "dtype": "float32",
            **more,
        }
    models = [
        model(f"{FOLDER}/{name}", {"weight": weight})
        for name, weight in zip(names, (0.5, 0.2, 0.3), strict=False)
    ]
    return {"merge_method": method, "models": models, "base_model": BASE, "dtype": "float32", **more}


def _case(name: str, recipe: Recipe, **more: object) -> Case:
    return Case("vocabularies", name, recipe, **more)  # type: ignore[arg-type]


def _sources() -> Iterator[Case]:
    three = ("v-base", "v-extra", "v-other")
    for source in ("union", "base", f"{FOLDER}/v-extra"):
        word = source.rsplit("/", 1)[-1]
        yield _case(f"linear-{word}", _recipe("linear", three, tokenizer_source=source))
        yield _case(f"ties-{word}", _recipe("task_arithmetic", three[1:], tokenizer_source=source))
    yield _case("slerp-union", _recipe("slerp", ("v-base", "v-extra"), tokenizer_source="union"))
    yield _case("padded-base", _recipe("linear", ("v-base", "v-padded"), tokenizer_source="base"))
    padded = _recipe("linear", ("v-padded", "v-base"), tokenizer_source="base")
    padded["base_model"] = f"{FOLDER}/v-padded"
    yield _case("padded-rows-of-base", padded, differences=["padding"])


def _rules() -> Iterator[Case]:
    two = ("v-base", "v-extra")
    rules: Mapping[str, Mapping[str, object]] = {
        "zero": {"merging": {"source": {"kind": "zero"}}},
        "forced": {"a": {"source": f"{FOLDER}/v-extra", "force": True}},
        "model": {"merging": {"source": f"{FOLDER}/v-extra"}},
        "token": {
            "merging": {
                "source": {"kind": "model_token", "model": f"{FOLDER}/v-extra", "token": "a"},
                "force": True,
            }
        },
        "token-id": {
            "<|im_start|>": {
                "source": {"kind": "model_token", "model": BASE, "token_id": 17},
                "force": True,
            }
        },
        "new-token": {"<|new|>": {"source": {"kind": "model_token", "model": BASE, "token": "the"}}},
    }
    for name, tokens in rules.items():
        yield _case(f"rule-{name}", _recipe("linear", two, tokenizer={"source": "union", "tokens": tokens}))
    padding = {"source": "union", "pad_to_multiple_of": 64}
    yield _case("pad-to-64", _recipe("linear", two, tokenizer=padding))


def _truncated() -> Iterator[Case]:
    recipe = _recipe("linear", ("v-base", "v-extra"))
    flag = "--unsafe-truncate-embeddings"
    yield _case("truncated", recipe, options={"unsafe_truncate_embeddings": True}, flags=[flag])


def vocabulary_cases() -> Iterator[Case]:
    """Tokenizer sources, fill rules, padding and truncation."""
    yield from _sources()
    yield from _rules()
    yield from _truncated()
