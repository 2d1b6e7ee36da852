"""Reads a model's config.json without letting it name code to run."""

import json
from pathlib import Path
from typing import Any

from ..errors import WorkerError

# Keys by which a model folder could have transformers import or fetch code (CVE-2026-4372, CVE-2026-5241).
CODE_KEYS = frozenset({"auto_map", "custom_pipelines", "model_file"})
CODE_KEY_PARTS = (
    "attn_implementation",
    "experts_implementation",
    "kernel_config",
    "use_kernels",
)


def without_code_keys(value: Any) -> Any:
    """The JSON value with every such key removed, at any depth."""
    if isinstance(value, list):
        return [without_code_keys(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: without_code_keys(item)
        for key, item in value.items()
        if key not in CODE_KEYS and not any(part in key for part in CODE_KEY_PARTS)
    }


def unloadable(folder: Path, problem: str, hint: str | None = None) -> WorkerError:
    return WorkerError("model-unloadable", f"cannot load the model in {folder}: {problem}", hint)


def read_json(folder: Path, name: str) -> dict[str, Any]:
    try:
        value = json.loads((folder / name).read_text(encoding="utf-8"))
    except OSError as error:
        hint = "give the folder of a transformers model"
        raise unloadable(folder, f"{name}: {error.strerror}", hint) from error
    except ValueError as error:
        raise unloadable(folder, f"{name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise unloadable(folder, f"{name} must hold a JSON object")
    return value


def read_configuration(transformers: Any, folder: Path) -> Any:
    """The folder's transformers configuration; WorkerError `model-unloadable` where there is none to use."""
    values: dict[str, Any] = without_code_keys(read_json(folder, "config.json"))
    model_type = values.get("model_type")
    if model_type not in transformers.CONFIG_MAPPING:
        known = f"model_type {model_type!r} is not one of transformers {transformers.__version__}"
        raise unloadable(folder, known, "only architectures that are part of transformers can be evaluated")
    try:
        return transformers.CONFIG_MAPPING[model_type].from_dict(values)
    except Exception as error:
        raise unloadable(folder, f"config.json: {error}") from error


def check_shard_names(folder: Path) -> None:
    """Refuse an index whose shards lie outside the folder: transformers opens whatever path it names."""
    index = "model.safetensors.index.json"
    if not (folder / index).exists():
        return
    shards = read_json(folder, index).get("weight_map")
    if not isinstance(shards, dict):
        raise unloadable(folder, f"{index} has no weight_map")
    for shard in shards.values():
        plain = isinstance(shard, str) and shard == Path(shard).name and "\\" not in shard
        if not (plain and shard.endswith(".safetensors")):
            raise unloadable(folder, f"{index} names {shard!r}, which is no safetensors file of this folder")
