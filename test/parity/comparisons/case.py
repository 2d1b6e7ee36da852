"""Compare everything that the two programs wrote for one case."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from parity.comparisons.allowed import ADJUSTED
from parity.comparisons.close import compare_close
from parity.comparisons.expected import average
from parity.comparisons.files import Array, Output, exact, read_model
from parity.comparisons.importance import compare_importance
from parity.comparisons.random_masks import Tally, compare_random
from parity.comparisons.settings import AFTER_LAYERS, place_of
from parity.comparisons.spherical import compare_spherical
from parity.comparisons.stock import compare_stock
from parity.comparisons.tokens import compare_tokenizers, in_order_of
from parity.comparisons.top_k import compare_top_k
from parity.comparisons.variance import compare_variance
from parity.comparisons.verdict import Difference
from parity.families import LAYERS

FIELDS = (
    "architectures",
    "dtype",
    "layer_types",
    "model_type",
    "n_layer",
    "num_decoder_layers",
    "num_hidden_layers",
    "num_layers",
    "tie_word_embeddings",
    "vocab_size",
)
SIGMAS = 4.0
_VOCABULARY = ("model.embed_tokens.", "lm_head.")
_DETERMINED = {
    "top-k": compare_top_k,
    "importance": compare_importance,
    "spherical": compare_spherical,
    "stock": compare_stock,
    "variance": compare_variance,
}


@dataclass
class Comparison:
    """How many tensors were compared and what differs."""

    tensors: int
    differences: list[Difference]


def _frames(ours: Output, theirs: Output) -> Iterator[Difference]:
    """What differs besides values: files, fields of config.json, names, types and shapes."""
    yield from (Difference("files of amalgam", fault) for fault in ours.faults)
    for key in FIELDS:
        mine, other = ours.config.get(key), theirs.config.get(key)
        if mine != other:
            yield Difference(f"config.json {key}", f"amalgam {mine!r}, mergekit {other!r}")
    for name in sorted(set(ours.tensors) ^ set(theirs.tensors)):
        yield Difference(
            name, "only in amalgam's output" if name in ours.tensors else "only in mergekit's output"
        )
    for name in sorted(set(ours.tensors) & set(theirs.tensors)):
        mine, other = ours.tensors[name], theirs.tensors[name]
        if mine.dtype != other.dtype:
            yield Difference(name, f"amalgam {mine.dtype}, mergekit {other.dtype}")
        if mine.shape != other.shape:
            yield Difference(name, f"amalgam {list(mine.shape)}, mergekit {list(other.shape)}")


def _values(
    root: Path,
    case: dict[str, Any],
    name: str,
    pair: tuple[Array, Array],
    tallies: dict[str, dict[str, Tally]],
) -> str | None:
    recipe, kind, tolerance = case["recipe"], case["comparison"], case["tolerance"]
    ours, theirs = pair
    if "last-slice" in case["differences"] and name.startswith(AFTER_LAYERS):
        theirs = average(root, place_of(recipe, name, LAYERS))
    if kind == "close":
        return compare_close(ours, theirs, tolerance)
    place = place_of(recipe, name, LAYERS)
    if kind in _DETERMINED:
        return _DETERMINED[kind](root, recipe, place, ours, theirs, tolerance)
    for program, output in (("amalgam", ours), ("mergekit", theirs)):
        fault = compare_random(root, recipe, place, output, tallies.setdefault(program, {}))
        if fault:
            return f"{program}: {fault}"
    return None


def _counted(tallies: dict[str, dict[str, Tally]]) -> Iterator[Difference]:
    for program, by_model in tallies.items():
        for model, tally in by_model.items():
            if tally.sigmas() > SIGMAS:
                said = f"{tally.kept:.0f} entries kept, {tally.expected:.0f} expected"
                yield Difference(f"{program}, {model}", f"{said}: {tally.sigmas():.1f} sigma")


def _adjusted(root: Path, case: dict[str, Any], ours: Output, theirs: Output) -> Output:
    for name in case["differences"]:
        if name in ADJUSTED:
            theirs = ADJUSTED[name](ours, theirs, read_model(root / case["recipe"]["base_model"]))
    return theirs


def _reordered(root: Path, case: dict[str, Any], ours: Output) -> Output:
    """Our rows of the vocabulary in the order of mergekit's ids."""
    mine, other = root / "amalgam" / case["name"], root / "mergekit" / case["name"]
    tensors = {
        name: in_order_of(mine, other, tensor) if name.startswith(_VOCABULARY) else tensor
        for name, tensor in ours.tensors.items()
    }
    return replace(ours, tensors=tensors)


def compare_case(root: Path, case: dict[str, Any]) -> Comparison:
    """Compare the two outputs of a case tensor by tensor, and their files."""
    folders = [root / program / case["name"] for program in ("amalgam", "mergekit")]
    ours, theirs = (read_model(folder) for folder in folders)
    theirs = _adjusted(root, case, ours, theirs)
    differences = list(_frames(ours, theirs))
    if case["group"] == "vocabularies":
        differences += compare_tokenizers(*folders)
        ours = _reordered(root, case, ours)
    shared = [
        name
        for name in theirs.tensors
        if name in ours.tensors and ours.tensors[name].shape == theirs.tensors[name].shape
    ]
    tallies: dict[str, dict[str, Tally]] = {}
    for name in shared:
        pair = exact(ours.tensors[name]), exact(theirs.tensors[name])
        fault = _values(root, case, name, pair, tallies)
        if fault:
            differences.append(Difference(name, fault))
    return Comparison(len(shared), [*differences, *_counted(tallies)])
