"""Rows of tokens for a decoder: documents one after another, with the loss on what they teach."""

from random import Random

import torch
from transformers import PreTrainedTokenizerFast

from .documents import Document
from .mixture import Mixture

IGNORED = -100


def tokenize(document: Document, tokenizer: PreTrainedTokenizerFast) -> tuple[list[int], list[int]]:
    """Token ids `<s> … </s>` and labels of equal length, IGNORED where nothing is taught."""
    ids, labels = [tokenizer.bos_token_id], [IGNORED]
    for text, taught in document:
        piece = tokenizer.encode(text, add_special_tokens=False)
        ids += piece
        labels += piece if taught else [IGNORED] * len(piece)
    return [*ids, tokenizer.eos_token_id], [*labels, tokenizer.eos_token_id]


class RowPacker:
    """Cuts an endless stream of documents into full rows; a document may continue in the next row."""

    def __init__(self, mixture: Mixture, tokenizer: PreTrainedTokenizerFast, rng: Random) -> None:
        self.mixture, self.tokenizer, self.rng = mixture, tokenizer, rng
        self.ids: list[int] = []
        self.labels: list[int] = []

    def batch(self, rows: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Input ids and labels, both int64 of shape (rows, length)."""
        needed = rows * length
        while len(self.ids) < needed:
            ids, labels = tokenize(self.mixture.draw(self.rng), self.tokenizer)
            self.ids += ids
            self.labels += labels
        ids, labels = self.ids[:needed], self.labels[:needed]
        self.ids, self.labels = self.ids[needed:], self.labels[needed:]
        return torch.tensor(ids).view(rows, length), torch.tensor(labels).view(rows, length)
