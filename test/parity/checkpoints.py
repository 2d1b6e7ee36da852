"""Make the tiny checkpoints: bases and fine-tunes in several types, vocabularies and architectures."""

from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import PreTrainedModel

from parity.adapters import make_adapters
from parity.families import FAMILIES, build
from parity.vocabulary import SIZE, save_tokenizer

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Tune:
    """How a fine-tune differs from its base: the size of the noise, and the share of entries it touches."""

    name: str
    scale: float
    share: float = 1.0


# Relative updates of 10 %, 2 % and 20 %: slerp then takes its spherical and its straight branch. Each touches
# only a part, so that some entries of a merge show one model alone: so random masks are read off an output.
TUNES = (Tune("a", 0.005, share=0.8), Tune("b", 0.001, share=0.6), Tune("c", 0.01, share=0.5))


@dataclass(frozen=True)
class Vocabulary:
    """A model of the llama family with its own tokens: those appended, and rows beyond the tokenizer."""

    name: str
    added: tuple[str, ...] = ()
    special: tuple[str, ...] = ()
    padding: int = 0
    seed: int = 0
    tune: Tune = field(default=TUNES[0])


VOCABULARIES = (
    Vocabulary("v-base", tune=Tune("base", 0.0)),
    Vocabulary("v-plain", seed=31),
    Vocabulary("v-extra", added=("merging", " amalgam"), special=("<|im_start|>", "<|im_end|>"), seed=32),
    Vocabulary("v-other", added=("merging", "parity"), special=("<|tool|>",), seed=33, tune=TUNES[2]),
    Vocabulary("v-padded", added=("merging", "parity"), padding=46, seed=34),
)


def tune(model: PreTrainedModel, how: Tune, seed: int) -> None:
    """Add seeded noise to every parameter in place; entries outside the touched share stay as they were."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = how.scale * torch.randn(parameter.shape, generator=generator)
            touched = torch.rand(parameter.shape, generator=generator) < how.share
            parameter.add_(noise * touched)


def _save(model: PreTrainedModel, directory: Path, dtype: str) -> None:
    model.to(DTYPES[dtype]).save_pretrained(directory)


def _family(root: Path, family: str, dtype: str, tunes: tuple[Tune, ...]) -> None:
    folder = root / f"{family}-{dtype}"
    for number, how in enumerate((Tune("base", 0.0), *tunes)):
        model = build(family, seed=7)
        tune(model, how, seed=100 + number)
        _save(model, folder / how.name, dtype)
        save_tokenizer(folder / how.name)


def _vocabulary(root: Path, vocabulary: Vocabulary) -> None:
    model = build("llama", seed=7)
    added = len(vocabulary.added) + len(vocabulary.special)
    torch.manual_seed(vocabulary.seed)
    model.resize_token_embeddings(SIZE + added + vocabulary.padding, mean_resizing=False)
    tune(model, vocabulary.tune, seed=vocabulary.seed)
    directory = root / "vocabularies" / vocabulary.name
    _save(model, directory, "float32")
    save_tokenizer(directory, vocabulary.added, vocabulary.special)


def _small_updates(root: Path) -> None:
    """Fine-tunes that moved in similar directions, so little that upstream's absolute guards take hold."""
    folder = root / "small-updates" / "llama-float32"
    for number, name in enumerate(("base", "a", "b", "c")):
        model = build("llama", seed=7)
        if number > 0:
            tune(model, Tune("common", 3e-5), seed=200)
            tune(model, Tune(name, 2e-5), seed=200 + number)
        _save(model, folder / name, "float32")
        save_tokenizer(folder / name)


def make_checkpoints(root: Path) -> None:
    """Make every checkpoint of the suite below `root`, in folders `<family>-<dtype>/<name>`."""
    _family(root, "llama", "float32", TUNES)
    _family(root, "llama", "bfloat16", TUNES)
    _family(root, "llama", "float16", TUNES[:1])
    for family in FAMILIES:
        if family != "llama":
            _family(root, family, "float32", TUNES[:2])
    for vocabulary in VOCABULARIES:
        _vocabulary(root, vocabulary)
    _small_updates(root)
    make_adapters(root / "adapters")
