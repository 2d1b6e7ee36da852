"""The models of one family's folder, in memory: what merges are made of and scored with."""

import copy
from pathlib import Path
from typing import cast

import torch
from peft import PeftModel
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from .documents import Item
from .evaluation_sets import read_items
from .merging import State, TensorMerge, merge_states
from .paired import ItemScores
from .scoring import item_scores

TASKS = ("arithmetic", "knowledge", "summary")


def draw_items(tasks_folder: Path, draw: str) -> dict[str, list[Item]]:
    return {task: read_items(tasks_folder / f"{task}.{draw}.csv") for task in TASKS}


class Family:
    """The models of one folder, loaded once in float32."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = cast(PreTrainedTokenizerFast, AutoTokenizer.from_pretrained(folder / "base"))
        self.specialists = tuple(task for task in TASKS if (folder / task).exists())
        kind = AutoModelForSeq2SeqLM if folder.name == "encoder-decoder" else AutoModelForCausalLM
        self.models: dict[str, PreTrainedModel] = {
            name: kind.from_pretrained(folder / name, dtype=torch.float32).eval()
            for name in ("base", *self.specialists)
        }
        for adapter in sorted(folder.glob("*-lora-*")):
            base = copy.deepcopy(self.models["base"])
            self.models[adapter.name] = cast(PreTrainedModel, PeftModel.from_pretrained(base, adapter).eval())
        self.base = self.models["base"].state_dict()
        self.scratch = copy.deepcopy(self.models["base"])

    @property
    def parents(self) -> tuple[str, ...]:
        return ("base", *self.specialists)

    def score(self, model: PreTrainedModel, items: dict[str, list[Item]]) -> ItemScores:
        return {task: item_scores(model, self.tokenizer, items[task]) for task in items}

    def state(self, name: str) -> State:
        return self.models[name].state_dict()

    def merged(self, states: list[State], merge: TensorMerge) -> PreTrainedModel:
        """The merge rounded to bf16, as it would be stored; overwritten by the next call."""
        merged = merge_states(self.base, states, merge)
        self.scratch.load_state_dict(
            {name: tensor.to(torch.bfloat16).float() for name, tensor in merged.items()}
        )
        return self.scratch
