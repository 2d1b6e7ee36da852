"""Bring mergekit's output into amalgam's form where a case names a deliberate difference of form."""

import re
from collections.abc import Callable
from dataclasses import replace

import torch

from parity.comparisons.files import Output

_FUSED = re.compile(r"^(.*)\.mlp\.(experts\.gate_up_proj|experts\.down_proj|gate\.weight)$")


def _unfused(name: str, tensor: torch.Tensor) -> dict[str, torch.Tensor]:
    match = _FUSED.match(name)
    if match is None:
        return {name: tensor}
    block = f"{match[1]}.block_sparse_moe"
    if match[2] == "gate.weight":
        return {f"{block}.gate.weight": tensor}
    experts = enumerate(tensor)
    if match[2] == "experts.down_proj":
        return {f"{block}.experts.{number}.w2.weight": part for number, part in experts}
    named = ((number, *part.chunk(2)) for number, part in experts)
    return {
        f"{block}.experts.{number}.{key}.weight": part
        for number, gate, up in named
        for key, part in (("w1", gate), ("w3", up))
    }


def _expert_layout(ours: Output, theirs: Output, _base: Output) -> Output:
    if set(ours.tensors) == set(theirs.tensors):
        return theirs
    parts = [_unfused(name, tensor) for name, tensor in theirs.tensors.items()]
    return replace(theirs, tensors={name: part for group in parts for name, part in group.items()})


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
