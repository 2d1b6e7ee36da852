"""A byte-level BPE tokenizer in which every frequent word is one token and every digit is one token."""

from random import Random
from typing import Literal

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from .mixture import Mixture

PAD, EOS, UNK, BOS = "<pad>", "</s>", "<unk>", "<s>"
SENTINELS = tuple(f"<extra_id_{i}>" for i in range(4))
SPECIALS = (PAD, EOS, UNK, BOS, *SENTINELS)
VOCABULARY_LIMIT = 1024
SAMPLE_DOCUMENTS = 12000

Family = Literal["decoder", "encoder-decoder"]


def train_tokenizer(mixture: Mixture, seed: int) -> Tokenizer:
    """BPE over a sample of the base's own text; the ids of `SPECIALS` are 0 to 7."""
    rng = Random(seed)
    texts = ["".join(text for text, _ in mixture.draw(rng)) for _ in range(SAMPLE_DOCUMENTS)]
    tokenizer = Tokenizer(models.BPE(unk_token=UNK))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_LIMIT,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def family_tokenizer(tokenizer: Tokenizer, family: Family) -> PreTrainedTokenizerFast:
    """The decoder family starts every text with <s>; the encoder-decoder family ends it with </s>."""
    own = Tokenizer.from_str(tokenizer.to_str())
    template = f"{BOS} $A" if family == "decoder" else f"$A {EOS}"
    specials = [(token, own.token_to_id(token)) for token in (BOS, EOS)]
    own.post_processor = processors.TemplateProcessing(single=template, special_tokens=specials)
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=own,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNK,
        bos_token=BOS if family == "decoder" else None,
        padding_side="left" if family == "decoder" else "right",
        model_max_length=256,
        clean_up_tokenization_spaces=False,
    )
