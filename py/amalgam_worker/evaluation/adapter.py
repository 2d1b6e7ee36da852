"""Applies a LoRA adapter folder to a loaded model."""

from pathlib import Path
from typing import Any

from .configuration import read_json, unloadable
from .memory_errors import is_out_of_memory
from .packages import require

# With this entry peft imports a module that the file names.
IMPORT_KEY = "megatron_config"


def check_adapter(folder: Path) -> None:
    values = read_json(folder, "adapter_config.json")
    if values.get("peft_type") != "LORA" or values.get(IMPORT_KEY):
        raise unloadable(folder, "adapter_config.json describes no plain LoRA adapter")
    if not (folder / "adapter_model.safetensors").is_file():
        raise unloadable(folder, "adapter_model.safetensors is missing", "only safetensors adapters are read")


def apply_adapter(model: Any, folder: Path) -> Any:
    """The model with the adapter's update added to its weights, in their dtype.

    Errors: `model-unloadable` where the adapter does not fit the model, `package-missing` without peft.
    """
    check_adapter(folder)
    peft = require("peft", "peft", "evaluating a LoRA adapter")
    try:
        configuration = peft.LoraConfig.from_pretrained(str(folder))
        configuration.inference_mode = True
        adapted = peft.PeftModel(model, configuration)
        loaded = adapted.load_adapter(str(folder), "default", torch_device=str(model.device))
        strangers = [*loaded.missing_keys, *loaded.unexpected_keys]
        if strangers:
            raise unloadable(folder, f"the adapter does not fit the model at {strangers[0]}")
        return adapted.merge_and_unload(safe_merge=True)
    except (ValueError, RuntimeError, KeyError, TypeError, OSError) as error:
        if is_out_of_memory(error):
            raise
        raise unloadable(folder, str(error)) from error
