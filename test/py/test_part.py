"""Parts of a plan, written by several into the same files."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import torch

from amalgam_worker.engine import run_merge
from amalgam_worker.errors import WorkerError
from amalgam_worker.protocol import MergeParams, MergePart, Plan, Shard, StepOutput
from amalgam_worker.tensors.writer import ShardFiles
from helpers.adapter_plans import adapter_plan
from helpers.plans import operation, save_plan
from helpers.run import plan_method

HEADER = '{"w":{}}'
SHARDS = [Shard("a.safetensors", HEADER, 24), Shard("b.safetensors", HEADER, 24)]


def merge(plan: Plan, folder: Path, part: MergePart | None) -> None:
    folder.mkdir(exist_ok=True)
    path = save_plan(plan, folder.parent / f"{folder.name}.json")
    params = MergeParams(1, str(path), str(folder), "cpu", 2, None, part)
    run_merge(params, lambda *state: None, lambda: False)


def averaging(folder: Path) -> Plan:
    generator = torch.Generator().manual_seed(3)
    models = [
        {
            name: torch.randn(size, generator=generator)
            for name, size in (("a", 70_000), ("b", 9), ("c", 0), ("d", 80))
        }
        for _ in range(2)
    ]
    return plan_method(folder, "linear", None, models, {"normalize": True}, [{"weight": 1}, {"weight": 2}])


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_parts_in_any_order_make_the_same_file(tmp_path: Path, order: tuple[int, ...]) -> None:
    plan = averaging(tmp_path)
    merge(plan, tmp_path / "whole", None)
    parts = [MergePart([1], []), MergePart([0, 2], []), MergePart([3], [])]
    for number in order:
        merge(plan, tmp_path / "parts", parts[number])
    name = plan.shards[0].name
    assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_part_writes_its_own_bytes_only(tmp_path: Path) -> None:
    plan = averaging(tmp_path)
    path = tmp_path / "parts" / plan.shards[0].name
    path.parent.mkdir()
    path.write_bytes(b"\xaa" * plan.shards[0].bytes)
    merge(plan, tmp_path / "parts", MergePart([1], []))
    merge(plan, tmp_path / "whole", None)
    expected = bytearray(b"\xaa" * plan.shards[0].bytes)
    whole = (tmp_path / "whole" / path.name).read_bytes()
    own = plan.steps[1].output
    for low, high in ((0, 8 + len(plan.shards[0].header)), (own.offset, own.offset + own.bytes)):
        expected[low:high] = whole[low:high]
    assert path.read_bytes() == expected


def test_shared_shards_are_joined_and_the_others_left_alone(tmp_path: Path) -> None:
    first, second = (ShardFiles(str(tmp_path), SHARDS, {0}) for _ in range(2))
    first.write(StepOutput(0, 16, 4, "U8"), 0, memoryview(b"1234"))
    second.write(StepOutput(0, 20, 4, "U8"), 0, memoryview(b"5678"))
    first.close()
    second.close()
    third = ShardFiles(str(tmp_path), SHARDS, {0})
    third.close()
    assert [path.name for path in tmp_path.iterdir()] == ["a.safetensors"]
    framed = (8).to_bytes(8, "little") + HEADER.encode()
    assert (tmp_path / "a.safetensors").read_bytes() == framed + b"12345678"


@pytest.mark.parametrize("damage", [b"", b"x" * 10, b"x" * 100])
def test_a_shared_shard_of_another_size_gets_its_own_again(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "a.safetensors").write_bytes(damage)
    ShardFiles(str(tmp_path), SHARDS, {0}).close()
    data = (tmp_path / "a.safetensors").read_bytes()
    assert len(data) == 24
    assert data[:16] == (8).to_bytes(8, "little") + HEADER.encode()


def test_a_part_without_steps_does_nothing(tmp_path: Path) -> None:
    merge(averaging(tmp_path), tmp_path / "parts", MergePart([], []))
    assert list((tmp_path / "parts").iterdir()) == []


def test_factors_belong_to_the_part_that_names_them(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(4)
    pair = (torch.randn(2, 6, generator=generator), torch.randn(5, 2, generator=generator), 1.0)
    how = operation("linear", {"normalize": True}, [{"weight": 1}, {"weight": 1}])
    plan = adapter_plan(tmp_path / "in", [pair, pair], how, "concat", 4)
    merge(plan, tmp_path / "whole", None)
    merge(plan, tmp_path / "parts", MergePart([], []))
    assert list((tmp_path / "parts").iterdir()) == []
    merge(plan, tmp_path / "parts", MergePart([], [0]))
    name = plan.shards[0].name
    assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize(
    "part", [MergePart([4], []), MergePart([-1], []), MergePart([1, 1], []), MergePart([0], [0])]
)
def test_numbers_that_the_plan_has_not(tmp_path: Path, part: MergePart) -> None:
    with pytest.raises(WorkerError) as caught:
        merge(averaging(tmp_path), tmp_path / "parts", part)
    assert caught.value.code == "plan-invalid"
    assert not any((tmp_path / "parts").iterdir())
