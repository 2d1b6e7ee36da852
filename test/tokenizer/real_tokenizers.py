"""Makes real tokenizers for the tests, and loads what became of them.

``real_tokenizers.py make FOLDER`` writes one folder per tokenizer.
``real_tokenizers.py look FOLDER...`` prints, as JSON lines, what transformers makes of each folder.
``real_tokenizers.py render FOLDER`` prints, as JSON, conversations in the chat templates on standard input.
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AddedToken, AutoTokenizer, PreTrainedTokenizerFast

MERGE_WORDS = "the merged model reads a text about rivers and answers questions of the reader in good order"
CODE_WORDS = (
    "def merge(models, weights): return sum(weight * model for weight, model in zip(weights, models))"
)
TEXTS = [MERGE_WORDS, CODE_WORDS, "wholly unknown words: 1234 grüße", "<s>a<|im_start|>user b<|im_end|> c"]


def byte_level(corpus: list[str], size: int, special: list[str]) -> Tokenizer:
    """Byte-level BPE, as GPT-2, Llama 3 and Qwen have it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        corpus,
        trainers.BpeTrainer(
            vocab_size=size, initial_alphabet=alphabet, special_tokens=[], show_progress=False
        ),
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in special])
    return tokenizer


def metaspace(corpus: list[str], special: list[str]) -> Tokenizer:
    """BPE over pieces with byte fallback, as Llama 2 and Mistral have it."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokens = [*special, *[f"<0x{byte:02X}>" for byte in range(256)]]
    tokenizer.train_from_iterator(
        corpus, trainers.BpeTrainer(vocab_size=330, special_tokens=tokens, show_progress=False)
    )
    kept = [token for token in json.loads(tokenizer.to_str())["added_tokens"] if token["content"] in special]
    return Tokenizer.from_str(json.dumps({**json.loads(tokenizer.to_str()), "added_tokens": kept}))


def unigram(corpus: list[str], special: list[str]) -> Tokenizer:
    """Unigram, as T5 has it."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=80, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def word_piece(corpus: list[str], special: list[str]) -> Tokenizer:
    """WordPiece, as BERT has it."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=120, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def save(tokenizer: Tokenizer, folder: Path, kind: str, **settings: str) -> None:
    """Saves the tokenizer, its added tokens also in its configuration, as published models have it."""
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **settings).save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    added = json.loads(tokenizer.to_str())["added_tokens"]
    config["tokenizer_class"] = kind
    config["added_tokens_decoder"] = {
        str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in added
    }
    path.write_text(json.dumps(config), encoding="utf-8")


def make(folder: Path) -> None:
    """Writes the tokenizers."""
    prose, code = [MERGE_WORDS] * 4, [CODE_WORDS] * 4
    chat = ["<|im_start|>", "<|im_end|>"]
    fast = "PreTrainedTokenizerFast"
    save(byte_level(prose, 290, ["<s>"]), folder / "byte-level", fast, bos_token="<s>")
    save(
        byte_level(code, 300, ["<s>", *chat]),
        folder / "byte-level-chat",
        fast,
        bos_token="<s>",
        eos_token="<|im_end|>",
    )
    save(
        byte_level(prose, 290, ["<|endoftext|>"]),
        folder / "qwen",
        "Qwen2Tokenizer",
        pad_token="<|endoftext|>",
    )
    pieces = ["<unk>", "<s>", "</s>"]
    names = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>"}
    save(metaspace(prose, pieces), folder / "llama", "LlamaTokenizerFast", **names)
    save(metaspace(code, pieces), folder / "llama-code", "LlamaTokenizerFast", **names)
    save(unigram(prose, ["<pad>", "</s>", "<unk>"]), folder / "t5", fast, unk_token="<unk>", eos_token="</s>")
    brackets = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    save(
        word_piece(prose, brackets), folder / "bert", "BertTokenizer", unk_token="[UNK]", mask_token="[MASK]"
    )
    named = folder / "named"
    save(
        byte_level(prose, 290, ["<s>"]), named, fast, bos_token="<s>", pad_token="<pad>", mask_token="<mask>"
    )
    legacy = folder / "legacy"
    legacy.mkdir()
    byte_level(prose, 290, ["<s>"]).save(str(legacy / "tokenizer.json"))
    (legacy / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": fast}), encoding="utf-8")
    (legacy / "special_tokens_map.json").write_text(json.dumps({"bos_token": "<s>", "pad_token": "<pad>"}))
    gpt2 = folder / "gpt2"
    gpt2.mkdir()
    plain = byte_level(prose, 290, [])
    plain.model.save(str(gpt2))
    ids = {**plain.get_vocab(), "<|endoftext|>": plain.get_vocab_size()}
    (gpt2 / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    (gpt2 / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "GPT2Tokenizer"}), encoding="utf-8"
    )


def look(folder: Path) -> dict[str, object]:
    """What transformers makes of a folder: ids by token, special tokens, texts encoded and decoded again."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in TEXTS]
    return {
        "vocabulary": tokenizer.get_vocab(),
        "special": {
            key: str(value) for key, value in tokenizer.special_tokens_map.items() if isinstance(value, str)
        },
        "all_special": sorted(tokenizer.all_special_tokens),
        "texts": TEXTS,
        "encoded": encoded,
        "decoded": [tokenizer.decode(ids, clean_up_tokenization_spaces=False) for ids in encoded],
    }


CONVERSATION = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": "Bye"},
]


def render(folder: Path, templates: dict[str, str]) -> dict[str, list[str]]:
    """A conversation with and without its system message, ready for an answer, in each template."""
    tokenizer = AutoTokenizer.from_pretrained(folder, eos_token="</s>")
    return {
        name: [
            tokenizer.apply_chat_template(
                messages, chat_template=template, tokenize=False, add_generation_prompt=True
            )
            for messages in (CONVERSATION, CONVERSATION[1:2])
        ]
        for name, template in templates.items()
    }


if __name__ == "__main__":
    command, *folders = sys.argv[1:]
    for name in folders:
        if command == "make":
            make(Path(name))
        elif command == "render":
            print(json.dumps(render(Path(name), json.load(sys.stdin))))
        else:
            print(json.dumps(look(Path(name))))
