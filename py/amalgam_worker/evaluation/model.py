"""Loads a transformers model folder, and a LoRA adapter over it, ready to be scored."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ..errors import WorkerError
from .adapter import apply_adapter
from .configuration import check_shard_names, read_configuration, unloadable
from .key_check import check_keys
from .memory_errors import is_out_of_memory
from .merged_model import Tensors, assembled
from .packages import hub_offline, require_transformers

TOKEN_KEYS = (
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "decoder_start_token_id",
    "forced_bos_token_id",
    "forced_eos_token_id",
)


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """`model` is a transformers PreTrainedModel, and `tokenizer` its tokenizer; neither has types here."""

    model: Any
    tokenizer: Any
    device: torch.device

    @property
    def encoder_decoder(self) -> bool:
        return bool(self.model.config.is_encoder_decoder)

    @property
    def parameters(self) -> int:
        """Number of elements of all weights, tied ones once."""
        return int(sum(parameter.numel() for parameter in self.model.parameters()))

    @property
    def pad_id(self) -> int:
        """Padding is masked, so any token does where the tokenizer has none: its end of sequence, or 0."""
        for token in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        return 0


def auto_class(transformers: Any, configuration: Any) -> Any:
    if configuration.is_encoder_decoder:
        return transformers.AutoModelForSeq2SeqLM
    return transformers.AutoModelForCausalLM


def load_weights(transformers: Any, folder: Path, configuration: Any, device: torch.device) -> Any:
    """The model, in float32 for a CPU, where half precision is slow, and else in the dtype of its files."""
    check_shard_names(folder)
    try:
        model, found = auto_class(transformers, configuration).from_pretrained(
            str(folder),
            config=configuration,
            dtype=torch.float32 if device.type == "cpu" else "auto",
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise unloadable(folder, str(error)) from error
    check_keys(folder, found)
    return model


def load_tokenizer(transformers: Any, folder: Path, configuration: Any) -> Any:
    try:
        return transformers.AutoTokenizer.from_pretrained(
            str(folder), config=configuration, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        hint = "a model folder must hold its tokenizer's files too, such as tokenizer.json"
        raise unloadable(folder, f"tokenizer: {error}", hint) from error


def plain_greedy(transformers: Any, loaded: LoadedModel) -> Any:
    """Generation settings that keep the model's special tokens and drop its penalties and sampling.

    Two models that differ in generation_config.json alone would else get different scores for equal weights.
    """
    own = loaded.model.generation_config
    tokens = {key: getattr(own, key, None) for key in TOKEN_KEYS}
    if tokens["eos_token_id"] is None:
        tokens["eos_token_id"] = loaded.tokenizer.eos_token_id
    tokens["pad_token_id"] = loaded.pad_id
    return transformers.GenerationConfig(**tokens, do_sample=False, num_beams=1)


def load_model(
    folder: Path,
    adapter: Path | None,
    device: torch.device,
    tensors: Callable[[], Tensors] | None = None,
) -> LoadedModel:
    """The model of a local folder, with an adapter merged into it if one is given.

    `tensors` gives the weights in the folder's stead, once its other files are read.

    Errors: `model-unloadable` for anything wrong with the folder, `package-missing`, `out-of-memory`.
    """
    transformers = require_transformers()
    configuration = read_configuration(transformers, folder)
    try:
        with hub_offline():
            tokenizer = load_tokenizer(transformers, folder, configuration)
            if tensors is None:
                model = load_weights(transformers, folder, configuration, device)
            else:
                auto = auto_class(transformers, configuration)
                model = assembled(auto, transformers, folder, configuration, device, tensors())
            if adapter is not None:
                model = apply_adapter(model, adapter)
        model = model.to(device).eval()
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        hint = "use a device with more memory"
        raise WorkerError("out-of-memory", f"the model in {folder} does not fit in memory", hint) from error
    loaded = LoadedModel(model, tokenizer, device)
    model.generation_config = plain_greedy(transformers, loaded)
    return loaded
