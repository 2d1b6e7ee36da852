"""Model folders as a user finds them on a hub: bf16 safetensors, configuration, tokenizer and a card."""

import json
import shutil
from pathlib import Path

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel, PreTrainedTokenizerFast


def make_readable(folder: Path) -> None:
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_json(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def save_tokenizer(folder: Path, tokenizer: PreTrainedTokenizerFast) -> None:
    """Write tokenizer.json and a tokenizer_config.json that versions 4 and 5 of transformers read alike."""
    tokenizer.save_pretrained(folder)
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config.pop("backend", None)
    # Version 5 writes the name of its new base class, which version 4 does not know; 5 knows both.
    write_json(path, {**config, "tokenizer_class": "PreTrainedTokenizerFast"})


def save_model(folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, card: str) -> None:
    """Write a full model; the weights in memory become those on disk (rounded to bf16, held in float32)."""
    fresh(folder)
    for parameter in model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    model.save_pretrained(folder)
    for parameter in model.parameters():
        parameter.data = parameter.data.float()
    save_tokenizer(folder, tokenizer)
    (folder / "README.md").write_text(card, encoding="utf-8")
    make_readable(folder)


def save_adapter(folder: Path, adapter: PeftModel, card: str) -> None:
    """Write a LoRA adapter in PEFT's form with bf16 weights, and our card in place of the generated one."""
    fresh(folder)
    adapter.save_pretrained(str(folder))
    weights = folder / "adapter_model.safetensors"
    rounded = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(weights).items()}
    save_file(rounded, weights, metadata={"format": "pt"})
    # PEFT lists the targets in the order of a set, which differs from run to run.
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    config["target_modules"] = sorted(config["target_modules"])
    write_json(folder / "adapter_config.json", config)
    (folder / "README.md").write_text(card, encoding="utf-8")
    make_readable(folder)
