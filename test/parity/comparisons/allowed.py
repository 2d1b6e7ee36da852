"""Bring mergekit's output into amalgam's form where a case names a deliberate difference of form."""

from collections.abc import Callable
from dataclasses import replace

import torch

from parity.comparisons.experts import take_apart
from parity.comparisons.files import Output


def _expert_layout(ours: Output, theirs: Output, _base: Output) -> Output:
    if set(ours.tensors) == set(theirs.tensors):
        return theirs
    return replace(theirs, tensors=take_apart(theirs.tensors, list(ours.tensors)))


def _tied_flag(ours: Output, theirs: Output, _base: Output) -> Output:
    return replace(
        theirs, config={**theirs.config, "tie_word_embeddings": "lm_head.weight" not in ours.tensors}
    )


def _dtype_spelling(_ours: Output, theirs: Output, _base: Output) -> Output:
    return replace(theirs, config={**theirs.config, "dtype": theirs.config["dtype"].removeprefix("torch.")})


def _padding(_ours: Output, theirs: Output, base: Output) -> Output:
    padded = dict(theirs.tensors)
    for name, tensor in theirs.tensors.items():
        further = base.tensors[name][tensor.shape[0] :] if tensor.ndim > 1 else tensor[:0]
        padded[name] = torch.cat([tensor, further.to(tensor.dtype)])
    return replace(theirs, tensors=padded, config={**theirs.config, "vocab_size": base.config["vocab_size"]})


def _unlisted_modules(ours: Output, theirs: Output, base: Output) -> Output:
    left = {name: ours.tensors[name] for name in base.tensors if name in ours.tensors}
    return replace(theirs, tensors={**left, **theirs.tensors})


ADJUSTED: dict[str, Callable[[Output, Output, Output], Output]] = {
    "dtype-spelling": _dtype_spelling,
    "expert-layout": _expert_layout,
    "padding": _padding,
    "tied-flag": _tied_flag,
    "unlisted-modules": _unlisted_modules,
}
"""For each difference of form: mergekit's output as it would be without it, given ours and the base."""
