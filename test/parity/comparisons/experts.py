"""Experts fused into one tensor, taken apart again into tensors of single experts."""

import re
from collections.abc import Mapping, Sequence

import torch

_FUSED = re.compile(r"^(.*)\.mlp\.(experts\.gate_up_proj|experts\.down_proj|gate\.weight)$")
# The block, and what its gate, up and down projections are called in tensors of single experts.
_MIXTRAL = ("block_sparse_moe", ("w1", "w3", "w2"))
_QWEN = ("mlp", ("gate_proj", "up_proj", "down_proj"))


def _parts(name: str, tensor: torch.Tensor, naming: tuple[str, Sequence[str]]) -> dict[str, torch.Tensor]:
    match = _FUSED.match(name)
    if match is None:
        return {name: tensor}
    block, (gate, up, down) = naming
    if match[2] == "gate.weight":
        return {f"{match[1]}.{block}.gate.weight": tensor}
    prefix = f"{match[1]}.{block}.experts"
    if match[2] == "experts.down_proj":
        return {f"{prefix}.{number}.{down}.weight": part for number, part in enumerate(tensor)}
    halves = [(number, expert.chunk(2)) for number, expert in enumerate(tensor)]
    return {
        f"{prefix}.{number}.{key}.weight": half
        for number, pair in halves
        for key, half in zip((gate, up), pair, strict=True)
    }


def take_apart(tensors: Mapping[str, torch.Tensor], names: Sequence[str]) -> dict[str, torch.Tensor]:
    """The same weights under the names of single experts: those of Mixtral or of Qwen-MoE, as in `names`."""
    naming = _MIXTRAL if any(".block_sparse_moe." in name for name in names) else _QWEN
    parts = [_parts(name, tensor, naming) for name, tensor in tensors.items()]
    return {name: part for group in parts for name, part in group.items()}
