"""Writes files with torch.save into a folder, and prints for each what its tensors are."""

from __future__ import annotations

import collections
import json
import sys
from pathlib import Path

import torch
from torch import nn

folder = Path(sys.argv[1])
generator = torch.Generator().manual_seed(0)
weight = torch.randn(6, 4, generator=generator)

every_type = {
    str(dtype): weight.mul(3).to(dtype)
    for dtype in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2,
        torch.int64, torch.int32, torch.int16, torch.int8, torch.bool,
    )
} | {"torch.uint8": weight.abs().to(torch.uint8)}  # fmt: skip
views = {
    "whole": weight,
    "tied": weight,
    "rows": weight[2:5],
    "element": weight[3, 2],
    "reshaped": weight.reshape(2, 3, 4),
    "row as a column": weight[4:5].t(),
    "scalar": torch.tensor(2.5),
    "empty": torch.zeros(0, 5),
    "empty view": weight.t()[:, 3:3],
    "parameter": nn.Parameter(weight + 1),
    "größe.🤗": torch.ones(3),
}
module = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Embedding(5, 2))
many = {f"layers.{layer}.weight": torch.full((2,), float(layer)) for layer in range(3000)}
training = {
    "state_dict": module.state_dict(),
    "epoch": 3,
    "lr": 1e-3,
    "seed": 2**70,
    "sizes": [weight.shape, None, True, (1, -2, "three", 4.5), torch.float16],
    "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1, "params": [0, 1]}]},
}
read = {
    "types.bin": every_type,
    "views.pt": views,
    "ordered.pth": collections.OrderedDict(views),
    "module.bin": module.state_dict(),
    "many.bin": many,
    "training.pt": training,
    "empty.bin": {},
}


class Own:
    pass


refused = {
    "transposed.bin": {"w": weight.t()},
    "strided.bin": {"w": weight[:, 1:]},
    "expanded.bin": {"w": torch.ones(1).expand(4)},
    "complex.bin": {"w": torch.ones(2, dtype=torch.complex64)},
    "uint16.bin": {"w": torch.ones(2, dtype=torch.uint16)},
    "sparse.bin": {"w": weight.to_sparse()},
    "module-object.bin": module,
    "own-object.bin": {"w": weight, "own": Own()},
    "negated.bin": {"w": torch.ones(2, dtype=torch.complex64).conj().imag},
    "mixed.bin": {"w": weight, "epoch": 3},
    "nested.bin": {"model": {"w": weight}, "epoch": 3},
    "tensor.bin": weight,
    "list.bin": [weight],
}

for name, value in (read | refused).items():
    torch.save(value, folder / name)
torch.save({"w": weight}, folder / "legacy.bin", _use_new_zipfile_serialization=False)
torch.save({"w": weight}, folder / "protocol-4.bin", pickle_protocol=4)
torch.jit.script(nn.Linear(2, 2)).save(str(folder / "script.pt"))


def described(tensor: torch.Tensor) -> dict[str, object]:
    values = tensor.detach().contiguous()
    data = bytes(values.reshape(-1).view(torch.uint8).tolist()) if values.numel() else b""
    return {"dtype": str(tensor.dtype), "shape": list(tensor.shape), "data": data.hex()}


contents = {
    name: {key: described(tensor) for key, tensor in value.get("state_dict", value).items()}
    for name, value in read.items()
}
print(json.dumps(contents))
