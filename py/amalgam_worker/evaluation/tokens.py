"""Texts to token ids, and ids to padded batches."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..errors import WorkerError
from .model import LoadedModel

Ids = list[int]


@dataclass(frozen=True, slots=True)
class EncodedPrompts:
    """`shortened` counts the prompts that lost their beginning."""

    ids: list[Ids]
    shortened: int


def last_is_added_eos(loaded: LoadedModel) -> bool:
    """Whether the tokenizer ends every text with the end of sequence, after which no decoder goes on."""
    eos = loaded.tokenizer.eos_token_id
    probe: Ids = loaded.tokenizer("a").input_ids
    return eos is not None and probe[-1:] == [eos]


def longest_prompt(loaded: LoadedModel, asked: int | None, room: int) -> int:
    """Tokens of the longest prompt: as asked, or fewer where positions run out; a decoder keeps `room`."""
    own = loaded.tokenizer.model_max_length if asked is None else asked
    positions = getattr(loaded.model.config, "max_position_embeddings", None)
    if not isinstance(positions, int):
        return int(own)
    return max(1, min(own, positions if loaded.encoder_decoder else positions - room))


def encode_prompts(loaded: LoadedModel, texts: Sequence[str], limit: int) -> EncodedPrompts:
    """Ids with the tokenizer's special tokens; a decoder's prompt has no end of sequence.

    A prompt over `limit` tokens loses text from its beginning and keeps its special tokens.
    """
    tokenizer = loaded.tokenizer
    cut = 0 if loaded.encoder_decoder or not last_is_added_eos(loaded) else 1
    tokenizer.truncation_side = "left"
    encoded: list[Ids] = tokenizer(list(texts), verbose=False).input_ids
    shortened = 0
    for index, ids in enumerate(encoded):
        if len(ids) - cut > limit:
            shortened += 1
            ids = tokenizer(texts[index], truncation=True, max_length=limit + cut).input_ids
        encoded[index] = ids[: len(ids) - cut]
    return EncodedPrompts(encoded, shortened)


def added_start(loaded: LoadedModel) -> Ids:
    """The token that the tokenizer puts before every text, or none."""
    whole: Ids = loaded.tokenizer("a").input_ids
    bare: Ids = loaded.tokenizer("a", add_special_tokens=False).input_ids
    return whole[:1] if whole[:1] != bare[:1] else []


def encode_choices(loaded: LoadedModel, texts: Sequence[str], start: Ids) -> list[Ids]:
    """Ids of answers: bare for a decoder, which continues its prompt; whole labels for an encoder-decoder.

    With a `start`, which the prompt then ends with, a decoder's answer is what the tokenizer gives after it.
    """
    special = loaded.encoder_decoder or bool(start)
    encoded: list[Ids] = loaded.tokenizer(list(texts), add_special_tokens=special, verbose=False).input_ids
    return [ids[len(start) :] for ids in encoded]


def check_ids(loaded: LoadedModel, names: Sequence[str], rows: Sequence[Ids]) -> None:
    """Refuse texts without tokens, and ids that the model has no embedding for (a crash of the device)."""
    embeddings = loaded.model.get_input_embeddings().weight.shape[0]
    for name, ids in zip(names, rows, strict=True):
        if not ids:
            hint = "its tokenizer drops this text: change the example"
            raise WorkerError("data-invalid", f"{name} gives no tokens with this model", hint)
        if max(ids) >= embeddings:
            message = f"the tokenizer gives token {max(ids)}, and the model has {embeddings} embeddings"
            raise WorkerError("model-unloadable", message, "put the tokenizer of this model into its folder")


def padded(
    rows: Sequence[Ids], value: int, side: str, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask (1 at tokens), both int64 of shape (rows, longest row)."""
    width = max(len(row) for row in rows)
    ids = torch.full((len(rows), width), value)
    mask = torch.zeros((len(rows), width), dtype=torch.int64)
    for index, row in enumerate(rows):
        span = slice(width - len(row), width) if side == "left" else slice(0, len(row))
        ids[index, span] = torch.tensor(row, dtype=torch.int64)
        mask[index, span] = 1
    return ids.to(device), mask.to(device)
