"""A model built from merged tensors in memory: no file is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ..engine import Report, execute, settings_on
from ..plan_file import load_plan
from ..tensors.memory_sink import MemorySink
from .configuration import unloadable
from .key_check import check_keys
from .memory_errors import is_out_of_memory

Tensors = dict[str, torch.Tensor]


def merged_tensors(
    plan_path: str, device: torch.device, threads: int | None, report: Report, stop: Callable[[], bool]
) -> Tensors:
    """What the plan's shards would hold, by name, in the plan's types and in the memory of the host.

    Errors: WorkerError with the codes of `load_plan` and `execute`.
    """
    plan = load_plan(plan_path)
    sink = MemorySink(plan)
    execute(plan, sink, settings_on(device, threads), report, stop)
    return sink.take()


def widen(tensors: Tensors) -> None:
    """Floating tensors to float32, one by one, each freed as soon as its copy is there."""
    for name in list(tensors):
        if tensors[name].is_floating_point():
            tensors[name] = tensors.pop(name).to(torch.float32)


def read_generation_settings(transformers: Any, folder: Path, model: Any) -> None:
    """As `from_pretrained` does it with a folder: a model may end at more tokens than its config names."""
    if (folder / "generation_config.json").is_file():
        model.generation_config = transformers.GenerationConfig.from_pretrained(
            str(folder), local_files_only=True
        )


def assembled(
    auto: Any, transformers: Any, folder: Path, configuration: Any, device: torch.device, tensors: Tensors
) -> Any:
    """The folder's model with these weights, which it takes without a copy, in the type of stored ones.

    Errors: `model-unloadable` where they are not exactly the architecture's.
    """
    if device.type == "cpu":
        widen(tensors)
    try:
        with torch.device("meta"):
            model_class = type(auto.from_config(configuration))
        model, found = model_class.from_pretrained(
            None,
            config=configuration,
            state_dict=tensors,
            dtype=torch.float32 if device.type == "cpu" else "auto",
            output_loading_info=True,
        )
        read_generation_settings(transformers, folder, model)
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise unloadable(folder, str(error)) from error
    check_keys(folder, found)
    return model
