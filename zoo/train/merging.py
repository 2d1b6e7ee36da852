"""Small float32 merges of whole models in memory: a tool for choosing coefficients, nothing more."""

import math
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch

State = dict[str, torch.Tensor]
TensorMerge = Callable[[str, torch.Tensor, list[torch.Tensor]], torch.Tensor]
"""From a tensor's name, the base's tensor and the models' tensors, all float32, to the merged tensor."""


def merge_states(base: State, models: Sequence[State], merge: TensorMerge) -> State:
    """Merge each tensor of the base in float32."""
    return OrderedDict(
        (name, merge(name, w.float(), [m[name].float() for m in models])) for name, w in base.items()
    )


def linear(weights: Sequence[float]) -> TensorMerge:
    """Weighted average of the models; the base takes no part."""
    return lambda name, base, models: (
        sum((w * m for w, m in zip(weights, models, strict=True)), torch.zeros_like(base)) / sum(weights)
    )


def trim(delta: torch.Tensor, density: float) -> torch.Tensor:
    """Keep the int(density * n) entries of largest magnitude (Yadav et al. 2023)."""
    kept = delta.flatten().abs().topk(max(1, int(density * delta.numel()))).indices
    mask = torch.zeros(delta.numel()).index_fill_(0, kept, 1.0).view_as(delta)
    return delta * mask


def drop(delta: torch.Tensor, density: float, seed: int) -> torch.Tensor:
    """Keep each entry with probability `density`, then restore the L1 norm (after Yu et al. 2023, DARE)."""
    generator = torch.Generator().manual_seed(seed)
    kept = delta * torch.bernoulli(torch.full(delta.shape, density), generator=generator)
    before, after = delta.abs().sum(), kept.abs().sum()
    return kept * (before / after) if min(before, after) > 1e-7 else kept


def elect_and_sum(weighted: torch.Tensor, weights: torch.Tensor, normalize: bool) -> torch.Tensor:
    """Elect signs on the weighted deltas, shape (models, *tensor); sum (or average) those that agree."""
    sign = torch.where(weighted.sum(0) >= 0, 1.0, -1.0)
    agree = (weighted.sign() == sign).float()
    total = (weighted * agree).sum(0)
    if not normalize:
        return total
    count = (weights.view(-1, *[1] * (weighted.dim() - 1)) * agree).sum(0)
    return total / torch.where(count == 0, 1.0, count)


def task_arithmetic(weights: Sequence[float]) -> TensorMerge:
    """Base plus the weighted task vectors (Ilharco et al. 2023)."""
    return lambda name, base, models: (
        base + sum((w * (m - base) for w, m in zip(weights, models, strict=True)), torch.zeros_like(base))
    )


def ties(weights: Sequence[float], density: float, scale: float) -> TensorMerge:
    """Trim, elect, mean of the agreeing entries times `scale` (lambda)."""
    vector = torch.tensor(weights)

    def merge(name: str, base: torch.Tensor, models: list[torch.Tensor]) -> torch.Tensor:
        weighted = torch.stack([w * trim(m - base, density) for w, m in zip(weights, models, strict=True)])
        return base + scale * elect_and_sum(weighted, vector, normalize=True)

    return merge


def dare(weights: Sequence[float], density: float, elect: bool, seed: int) -> TensorMerge:
    """Drop and rescale, then a plain sum (dare_linear) or an elected one (dare_ties), not normalised."""
    vector = torch.tensor(weights)

    def merge(name: str, base: torch.Tensor, models: list[torch.Tensor]) -> torch.Tensor:
        # Keyed by the tensor's name, so that a merge is the same whenever it is made again.
        start = zlib.crc32(f"{seed} {name}".encode())
        dropped = [drop(m - base, density, start + index) for index, m in enumerate(models)]
        weighted = torch.stack([w * delta for w, delta in zip(weights, dropped, strict=True)])
        return base + (elect_and_sum(weighted, vector, normalize=False) if elect else weighted.sum(0))

    return merge


def slerp(t: float) -> TensorMerge:
    """From the first model (t = 0) to the second (t = 1) along the arc, or straight if nearly parallel."""

    def merge(name: str, base: torch.Tensor, models: list[torch.Tensor]) -> torch.Tensor:
        a, b = models
        cosine = float((a * b).sum() / (a.norm() * b.norm()).clamp_min(1e-16))
        if abs(cosine) > 0.9995:
            return (1 - t) * a + t * b
        angle = math.acos(cosine)
        return (math.sin((1 - t) * angle) * a + math.sin(t * angle) * b) / math.sin(angle)

    return merge


def model_stock() -> TensorMerge:
    """Average pulled towards the base by the mean cosine of the task vectors (Jang et al. 2024)."""

    def merge(name: str, base: torch.Tensor, models: list[torch.Tensor]) -> torch.Tensor:
        deltas = [(m - base).flatten() for m in models]
        count = len(deltas)
        pairs = [torch.cosine_similarity(deltas[i], deltas[j], dim=0) for i in range(count) for j in range(i)]
        cosine = torch.stack(pairs).mean()
        t = count * cosine / (1 + (count - 1) * cosine)
        return t * torch.stack(models).mean(0) + (1 - t) * base

    return merge
