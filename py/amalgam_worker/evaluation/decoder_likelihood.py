"""Log-likelihoods of choices under a decoder, with each prompt computed once."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch

from ..errors import WorkerError
from .model import LoadedModel
from .tokens import Ids, padded


def token_log_likelihoods(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """log p of each target: float32 of shape (rows, places), from logits (rows, places, vocabulary)."""
    logits = logits.float()
    return logits.gather(-1, targets[..., None]).squeeze(-1) - logits.logsumexp(-1)


def accepted(model: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """Those that the model's forward takes: architectures with relative positions have no position_ids."""
    known = inspect.signature(model.forward).parameters
    return {name: value for name, value in arguments.items() if name in known}


def prompt_cache(loaded: LoadedModel, output: Any) -> Any:
    cache = getattr(output, "past_key_values", None)
    if cache is None:
        message = (
            f"multiple choice needs a key-value cache, which {loaded.model.config.model_type} models lack"
        )
        raise WorkerError("model-unloadable", message, "evaluate this model on generation tasks only")
    return cache


def decoder_log_likelihoods(
    loaded: LoadedModel, prompts: Sequence[Ids], choices: Sequence[Sequence[Ids]]
) -> list[list[float]]:
    """Sum over each choice's tokens of log p(token | prompt, tokens before), for every prompt's choices.

    The keys and values of a prompt are computed once and repeated over its choices. Prompts are padded on the
    left, so that their last place predicts every choice's first token, and choices on the right.
    """
    model, device = loaded.model, loaded.device
    ids, mask = padded(prompts, loaded.pad_id, "left", device)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    several = any(len(choice) > 1 for row in choices for choice in row)
    extra = accepted(model, {"position_ids": positions, "logits_to_keep": 1})
    output = model(input_ids=ids, attention_mask=mask, use_cache=several, **extra)

    owner = torch.tensor([index for index, row in enumerate(choices) for _ in row], device=device)
    flat = [choice for row in choices for choice in row]
    targets, target_mask = padded(flat, loaded.pad_id, "right", device)
    sums = token_log_likelihoods(output.logits[owner, -1:], targets[:, :1]).squeeze(-1)
    if several:
        cache = prompt_cache(loaded, output)
        # As beam search does it, which every kind of cache knows; here with repeats.
        cache.reorder_cache(owner)
        places = mask.sum(-1)[owner, None] + torch.arange(targets.shape[1] - 1, device=device)
        later = model(
            input_ids=targets[:, :-1],
            attention_mask=torch.cat([mask[owner], target_mask[:, :-1]], -1),
            past_key_values=cache,
            use_cache=True,
            **accepted(model, {"position_ids": places}),
        ).logits
        sums = sums + (token_log_likelihoods(later, targets[:, 1:]) * target_mask[:, 1:]).sum(-1)
    scores = iter(sums.tolist())
    return [[next(scores) for _ in row] for row in choices]
