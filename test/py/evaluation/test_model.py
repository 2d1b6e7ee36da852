import json
import shutil
from pathlib import Path

import pytest
import torch
from evaluation_data import evaluation_params, evaluation_task, multiple_choice_rows, write_csv
from evaluation_run import run_evaluation
from safetensors.torch import load_file, save_file

from amalgam_worker.errors import WorkerError
from amalgam_worker.evaluation.configuration import without_code_keys
from amalgam_worker.evaluation.model import load_model

CPU = torch.device("cpu")


@pytest.fixture
def folder(tmp_path: Path, llama_folder: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(llama_folder, tmp_path / "model"))


def edit_json(path: Path, changes: dict[str, object]) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_weights(folder: Path, drop: str | None = None, add: str | None = None) -> None:
    weights = load_file(folder / "model.safetensors")
    if drop is not None:
        del weights[drop]
    if add is not None:
        weights[add] = torch.zeros(2)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def unloadable(folder: Path) -> WorkerError:
    with pytest.raises(WorkerError) as caught:
        load_model(folder, None, CPU)
    assert caught.value.code == "model-unloadable"
    assert str(folder) in caught.value.message
    return caught.value


def test_weights_are_float32_on_a_cpu(folder: Path) -> None:
    weights = {name: weight.bfloat16() for name, weight in load_file(folder / "model.safetensors").items()}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    edit_json(folder / "config.json", {"dtype": "bfloat16"})
    loaded = load_model(folder, None, CPU)
    assert {weight.dtype for weight in loaded.model.parameters()} == {torch.float32}
    name = "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(loaded.model.state_dict()[name], weights[name].float())


def test_missing_weights(folder: Path) -> None:
    edit_weights(folder, drop="model.layers.1.mlp.up_proj.weight")
    assert "missing keys: model.layers.1.mlp.up_proj.weight" in unloadable(folder).message


def test_unexpected_weights(folder: Path) -> None:
    edit_weights(folder, add="model.layers.1.extra.weight")
    assert "unexpected keys: model.layers.1.extra.weight" in unloadable(folder).message


def test_weights_of_another_shape(folder: Path) -> None:
    edit_json(folder / "config.json", {"intermediate_size": 64})
    unloadable(folder)


def test_pickled_weights_are_not_read(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert "safetensors" in unloadable(folder).message


@pytest.mark.parametrize(
    "shard", ["../other/model.safetensors", "/etc/passwd", "a\\b.safetensors", "x.bin", 3]
)
def test_an_index_cannot_name_files_elsewhere(folder: Path, shard: object) -> None:
    index = {"metadata": {}, "weight_map": {"model.norm.weight": shard}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert repr(shard) in unloadable(folder).message


def test_a_missing_tokenizer(folder: Path) -> None:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    error = unloadable(folder)
    assert "tokenizer" in error.message
    assert error.hint is not None


def test_an_unknown_architecture(folder: Path) -> None:
    edit_json(folder / "config.json", {"model_type": "mystery"})
    assert "'mystery'" in unloadable(folder).message


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_config_that_is_no_json_object(folder: Path, content: str) -> None:
    (folder / "config.json").write_text(content)
    assert "config.json" in unloadable(folder).message


def test_a_folder_without_config(tmp_path: Path) -> None:
    unloadable(tmp_path / "nothing")


def test_code_named_by_a_model_is_not_run(folder: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    (folder / "evil.py").write_text(f"open({str(canary)!r}, 'w').close()\n")
    auto_map = {
        "AutoConfig": "evil.Evil",
        "AutoModelForCausalLM": "evil.Evil",
        "AutoTokenizer": ["evil.Evil", None],
    }
    edit_json(folder / "config.json", {"auto_map": auto_map, "_attn_implementation_internal": "who/knows"})
    edit_json(folder / "tokenizer_config.json", {"auto_map": auto_map})
    load_model(folder, None, CPU)
    assert not canary.exists()


def test_code_keys_are_removed_at_any_depth() -> None:
    harmless = {"conv_kernel_size": 4, "hidden_size": 8}
    hostile = {"auto_map": {}, "_attn_implementation_internal": "a/b", "experts_implementation": "c/d"}
    nested = {**harmless, **hostile, "text_config": [{**harmless, **hostile}]}
    assert without_code_keys(nested) == {**harmless, "text_config": [harmless]}


def test_a_tokenizer_with_more_tokens_than_the_model(folder: Path, tmp_path: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.embed_tokens.weight"] = weights["model.embed_tokens.weight"][:100].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    edit_json(folder / "config.json", {"vocab_size": 100})
    task = evaluation_task(write_csv(tmp_path / "mc.csv", multiple_choice_rows(3)), "multiple_choice")
    with pytest.raises(WorkerError, match="100 embeddings"):
        run_evaluation(evaluation_params(folder, [task]))
