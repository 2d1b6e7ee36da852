"""Log-likelihoods of choices under an encoder-decoder, with each prompt encoded once."""

from collections.abc import Sequence

import torch

from .decoder_likelihood import token_log_likelihoods
from .model import LoadedModel
from .tokens import Ids, padded


def encoder_decoder_log_likelihoods(
    loaded: LoadedModel, prompts: Sequence[Ids], choices: Sequence[Sequence[Ids]]
) -> list[list[float]]:
    """Sum over each choice's labels, its end of sequence too, of log p(token | prompt, tokens before)."""
    model, device = loaded.model, loaded.device
    ids, mask = padded(prompts, loaded.pad_id, "right", device)
    encoded = model.get_encoder()(input_ids=ids, attention_mask=mask, return_dict=True)

    owner = torch.tensor([index for index, row in enumerate(choices) for _ in row], device=device)
    labels, label_mask = padded([choice for row in choices for choice in row], loaded.pad_id, "right", device)
    encoded.last_hidden_state = encoded.last_hidden_state[owner]
    logits = model(
        encoder_outputs=encoded,
        attention_mask=mask[owner],
        decoder_input_ids=model.prepare_decoder_input_ids_from_labels(labels=labels),
        use_cache=False,
    ).logits
    scores = iter((token_log_likelihoods(logits, labels) * label_mask).sum(-1).tolist())
    return [[next(scores) for _ in row] for row in choices]
