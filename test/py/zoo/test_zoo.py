"""The shipped models load offline and whole, and the evaluation sets are well formed and kept apart."""

import ast
import csv
import json
import stat
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

ZOO = Path(__file__).resolve().parents[3] / "zoo"
MODELS = (
    "decoder/base",
    "decoder/arithmetic",
    "decoder/knowledge",
    "decoder/summary",
    "encoder-decoder/base",
    "encoder-decoder/knowledge",
    "encoder-decoder/summary",
)
ADAPTERS = sorted(f"decoder/{path.name}" for path in (ZOO / "decoder").glob("*-lora-r*"))
TASKS = ("arithmetic", "knowledge", "summary")
MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def read_rows(task: str, draw: str) -> list[dict[str, str]]:
    with (ZOO / "tasks" / f"{task}.{draw}.csv").open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == ["id", "input", "target", "answer_choices", "eval_type"]
        return list(reader)


def auto_class(name: str) -> type[AutoModelForCausalLM] | type[AutoModelForSeq2SeqLM]:
    return AutoModelForSeq2SeqLM if name.startswith("encoder-decoder") else AutoModelForCausalLM


@pytest.mark.parametrize("name", MODELS)
def test_model_loads_whole(name: str) -> None:
    model, loading = auto_class(name).from_pretrained(ZOO / name, output_loading_info=True)
    assert not loading["missing_keys"] and not loading["unexpected_keys"] and not loading["mismatched_keys"]
    assert json.loads((ZOO / name / "config.json").read_text())["dtype"] == "bfloat16"
    assert model.generation_config.eos_token_id == model.config.eos_token_id == 1
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


@pytest.mark.parametrize("name", [*MODELS, *ADAPTERS])
def test_weights_are_bf16_with_metadata(name: str) -> None:
    (file,) = (ZOO / name).glob("*.safetensors")
    with safe_open(file, "pt") as weights:
        assert weights.metadata() == {"format": "pt"}
        assert {weights.get_tensor(key).dtype for key in list(weights.keys())} == {torch.bfloat16}


def test_fine_tunes_have_the_shapes_of_their_base() -> None:
    for name in MODELS:
        base = ZOO / Path(name).parent / "base" / "model.safetensors"
        theirs_path = ZOO / name / "model.safetensors"
        with safe_open(base, "pt") as ours, safe_open(theirs_path, "pt") as theirs:
            shapes = [{key: f.get_slice(key).get_shape() for key in list(f.keys())} for f in (ours, theirs)]
        assert shapes[0] == shapes[1]


def test_adapters_apply_to_the_base() -> None:
    peft = pytest.importorskip("peft")
    assert len(ADAPTERS) == 2
    ids = torch.tensor([[3, 40, 50, 60]])
    ranks = set()
    for name in ADAPTERS:
        base = AutoModelForCausalLM.from_pretrained(ZOO / "decoder/base", dtype=torch.float32)
        before = base(ids).logits
        adapted = peft.PeftModel.from_pretrained(base, ZOO / name)
        assert not torch.allclose(adapted(ids).logits, before)
        assert adapted.peft_config["default"].base_model_name_or_path == "zoo/decoder/base"
        ranks.add(adapted.peft_config["default"].r)
    assert len(ranks) == 2


@pytest.mark.parametrize("family", ["decoder", "encoder-decoder"])
def test_tokenizer_round_trip(family: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(ZOO / family / "base")
    for text in ("Question: What is 12 + 5?\nAnswer: 17", "Café, 漢字 and\ttabs\n", " two  spaces"):
        assert tokenizer.decode(tokenizer.encode(text), skip_special_tokens=True) == text
    ids = tokenizer.encode("Answer:")
    if family == "decoder":
        assert ids[0] == tokenizer.bos_token_id and ids[-1] != tokenizer.eos_token_id
        assert tokenizer.padding_side == "left"
    else:
        assert ids[-1] == tokenizer.eos_token_id
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id) == (0, 1)


def test_a_choice_is_tokenised_alike_alone_and_after_its_prompt() -> None:
    tokenizer = AutoTokenizer.from_pretrained(ZOO / "decoder/base")
    for task in ("arithmetic", "knowledge"):
        for row in read_rows(task, "test"):
            for choice in ast.literal_eval(row["answer_choices"]):
                joined = tokenizer.encode(row["input"]) + tokenizer.encode(choice, add_special_tokens=False)
                assert joined == tokenizer.encode(row["input"] + choice)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize(("draw", "least"), [("dev", 100), ("test", 200)])
def test_evaluation_set_is_well_formed(task: str, draw: str, least: int) -> None:
    rows = read_rows(task, draw)
    assert len(rows) >= least and len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["input"].endswith(":") and row["target"]
        if task == "summary":
            assert row["eval_type"] == "generation" and row["answer_choices"] == ""
            continue
        choices = ast.literal_eval(row["answer_choices"])
        assert row["eval_type"] == "multiple_choice" and len(set(choices)) == 4
        assert 0 <= int(row["target"]) < 4
        # No choice may be the beginning of another: the longer one could then never score higher.
        assert not any(a != b and b.startswith(a) for a in choices for b in choices)


def test_arithmetic_targets_are_right() -> None:
    for row in read_rows("arithmetic", "test"):
        left, sign, right = row["input"].split("What is ")[1].split("?")[0].split()
        result = int(left) + int(right) if sign == "+" else int(left) - int(right)
        assert ast.literal_eval(row["answer_choices"])[int(row["target"])] == f" {result}"


@pytest.mark.parametrize("task", TASKS)
def test_dev_and_test_are_disjoint(task: str) -> None:
    dev, test = ({row["input"] for row in read_rows(task, draw)} for draw in ("dev", "test"))
    assert not dev & test


def is_cache(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.relative_to(ZOO).parts)


def test_the_zoo_is_small_and_readable() -> None:
    files = [path for path in ZOO.rglob("*") if path.is_file() and not is_cache(path)]
    assert sum(path.stat().st_size for path in files) < 15 * MIB
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o444 == 0o444 for path in files)
    for name in (*MODELS, *ADAPTERS):
        assert (ZOO / name / "README.md").read_text(encoding="utf-8").startswith("---\nlicense: apache-2.0\n")
