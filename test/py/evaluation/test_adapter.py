import json
from pathlib import Path

import pytest
import torch
from evaluation_models import llama
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation.model import load_model

CPU = torch.device("cpu")
RANK, ALPHA = 4, 6
TARGETS = ["q_proj", "down_proj"]


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    torch.manual_seed(5)
    adapted = get_peft_model(llama(), LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGETS))
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_" in name:
                weight.normal_(std=0.1)
    adapted.save_pretrained(str(tmp_path / "adapter"))
    return tmp_path / "adapter"


def edit_config(folder: Path, changes: dict[str, object]) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def unloadable(model: Path, folder: Path) -> str:
    with pytest.raises(WorkerError) as caught:
        load_model(model, folder, CPU)
    assert caught.value.code == "model-unloadable"
    assert str(folder) in caught.value.message
    return caught.value.message


def test_the_update_is_added_to_its_weights(llama_folder: Path, adapter: Path) -> None:
    before = load_model(llama_folder, None, CPU).model.state_dict()
    after = load_model(llama_folder, adapter, CPU).model.state_dict()
    update = load_file(adapter / "adapter_model.safetensors")
    assert before.keys() == after.keys()
    changed = 0
    for name, weight in before.items():
        factor = f"base_model.model.{name.removesuffix('.weight')}.lora_"
        expected = weight.double()
        if f"{factor}A.weight" in update:
            changed += 1
            expected = expected + ALPHA / RANK * (
                update[f"{factor}B.weight"].double() @ update[f"{factor}A.weight"].double()
            )
            assert not torch.equal(after[name], weight)
        torch.testing.assert_close(after[name].double(), expected, rtol=1e-6, atol=1e-6)
    assert changed == 4


def test_an_adapter_of_another_model(llama_folder: Path, adapter: Path) -> None:
    weights = load_file(adapter / "adapter_model.safetensors")
    strange = {name.replace("layers.1", "layers.9"): weight for name, weight in weights.items()}
    save_file(strange, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
    unloadable(llama_folder, adapter)


def test_an_adapter_without_one_of_its_tensors(llama_folder: Path, adapter: Path) -> None:
    weights = load_file(adapter / "adapter_model.safetensors")
    gone = sorted(weights)[0]
    del weights[gone]
    save_file(weights, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
    assert "does not fit" in unloadable(llama_folder, adapter)


def test_an_adapter_of_another_kind(llama_folder: Path, adapter: Path) -> None:
    edit_config(adapter, {"peft_type": "IA3"})
    assert "LoRA" in unloadable(llama_folder, adapter)


def test_an_adapter_cannot_name_a_module_to_import(llama_folder: Path, adapter: Path) -> None:
    edit_config(adapter, {"megatron_config": {"x": 1}, "megatron_core": "this"})
    assert "LoRA" in unloadable(llama_folder, adapter)


def test_a_pickled_adapter_is_not_read(llama_folder: Path, adapter: Path) -> None:
    weights = adapter / "adapter_model.safetensors"
    torch.save(load_file(weights), adapter / "adapter_model.bin")
    weights.unlink()
    assert "adapter_model.safetensors is missing" in unloadable(llama_folder, adapter)
