"""Small real tokenizers: one trained byte-level BPE, and copies of it with tokens added."""

from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

SIZE = 320
SPECIAL = ["<unk>", "<s>", "</s>"]
SENTENCES = [
    "the merge of two models is a third model",
    "weights are averaged layer by layer and head by head",
    "a token that only one parent knows keeps its row",
    "the quick brown fox jumps over the lazy dog 0123456789",
]


def _train() -> Tokenizer:
    """The byte-level BPE that every tokenizer of the suite starts from: exactly `SIZE` tokens."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=SPECIAL,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    if tokenizer.get_vocab_size() != SIZE:
        raise ValueError(f"the trained tokenizer has {tokenizer.get_vocab_size()} tokens, not {SIZE}")
    return tokenizer


_trained = _train().to_str()


def save_tokenizer(directory: Path, added: tuple[str, ...] = (), special: tuple[str, ...] = ()) -> None:
    """Save the common tokenizer with ordinary and special tokens appended to it."""
    tokenizer = Tokenizer.from_str(_trained)
    tokenizer.add_tokens([AddedToken(token, normalized=True) for token in added])
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )
    fast.save_pretrained(directory)
