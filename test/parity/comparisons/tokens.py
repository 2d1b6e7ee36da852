"""Outputs with a tokenizer of their own: the ids may be in another order, so rows are compared by token."""

import json
from collections.abc import Iterator
from pathlib import Path

import torch
from tokenizers import Tokenizer

from parity.comparisons.verdict import Difference

SENTENCE = "the merging of a<|im_start|> amalgam parity<|tool|>"
_FLAGS = ("special", "single_word", "lstrip", "rstrip", "normalized")


def _added(folder: Path) -> dict[str, tuple[object, ...]]:
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    return {token["content"]: tuple(token[flag] for flag in _FLAGS) for token in content["added_tokens"]}


def _tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def compare_tokenizers(ours: Path, theirs: Path) -> Iterator[Difference]:
    """Tokens, flags of added tokens, and how a sentence is split."""
    if not (ours / "tokenizer.json").exists():
        yield Difference("tokenizer.json", "missing in amalgam's output")
        return
    mine, other = _tokenizer(ours), _tokenizer(theirs)
    for token in sorted(set(mine.get_vocab()) ^ set(other.get_vocab())):
        yield Difference(
            f"token {token!r}", "only in " + ("amalgam" if token in mine.get_vocab() else "mergekit")
        )
    flags, wanted = _added(ours), _added(theirs)
    for token in sorted(set(flags) & set(wanted)):
        if flags[token] != wanted[token]:
            yield Difference(
                f"token {token!r}", f"{_FLAGS}: amalgam {flags[token]}, mergekit {wanted[token]}"
            )
    split, expected = mine.encode(SENTENCE), other.encode(SENTENCE)
    if split.tokens != expected.tokens:
        yield Difference("encoding", f"amalgam {split.tokens}, mergekit {expected.tokens}")


def in_order_of(ours: Path, theirs: Path, tensor: torch.Tensor) -> torch.Tensor:
    """Our rows put into the order of mergekit's ids; rows beyond both tokenizers keep their places."""
    if not (ours / "tokenizer.json").exists():
        return tensor
    mine, other = _tokenizer(ours).get_vocab(), _tokenizer(theirs).get_vocab()
    order = list(range(tensor.shape[0]))
    for token, row in other.items():
        if token in mine and max(row, mine[token]) < len(order):
            order[row] = mine[token]
    return tensor[order]
