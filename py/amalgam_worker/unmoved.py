"""Tensors that no model has changed: where all inputs equal the base, merging is copying."""

from __future__ import annotations

import torch

from amalgam_worker.methods.method import BLOCK, Parameters
from amalgam_worker.protocol import Dtype, Step
from amalgam_worker.tensors.reader import InputFiles
from amalgam_worker.tensors.stored import StoredTensor, StoredValues
from amalgam_worker.tensors.values import Values
from amalgam_worker.tensors.workspace import Workspace

# All add to the base what comes of the task vectors, element by element, and that is zero where all of these
# are, or take elements of one model or another.
_ADDING = {
    "task_arithmetic",
    "ties",
    "dare_linear",
    "dare_ties",
    "breadcrumbs",
    "breadcrumbs_ties",
    "della",
    "della_linear",
    "sce",
    "ram",
    "ramplus_tl",
    "nearswap",
    "arcee_fusion",
}
# Products of parameters within these bounds are far from where float32 becomes infinite: zeros stay zeros.
_LARGEST, _SMALLEST_DENSITY = 1e6, 1e-6
# Sign and exponent of the types whose numbers can be told apart by their bits.
_BITS: dict[Dtype, tuple[torch.dtype, int]] = {
    "BF16": (torch.int16, 0x7F80),
    "F16": (torch.int16, 0x7C00),
    "F32": (torch.int32, 0x7F80_0000),
    "F64": (torch.int64, 0x7FF0_0000_0000_0000),
}
_SAMPLES, _SAMPLE_BYTES = 5, 4096


def keeps_base(method: str, parameters: Parameters) -> bool:
    """Whether inputs that equal a base of finite numbers, none of them -0, give that base bit for bit."""
    numbers = [value for values in (parameters.shared, *parameters.per_input) for value in values.values()]
    densities = [float(each["density"]) for each in parameters.per_input if "density" in each]
    # Task vectors that are divided by a probability may be divided by zero.
    return (
        method in _ADDING
        and parameters.shared.get("rescale") != "per_element"
        and all(isinstance(number, (bool, str)) or abs(number) <= _LARGEST for number in numbers)
        and all(density <= 0 or density >= _SMALLEST_DENSITY for density in densities)
    )


def sources_alike(step: Step, base: Values | None, inputs: list[Values]) -> list[StoredTensor]:
    """The base and the inputs, where all are stored as the output will be; else none."""
    if base is None or step.output.dtype not in _BITS:
        return []
    stored = [values.stored for values in (base, *inputs) if isinstance(values, StoredValues)]
    dtypes = {part.dtype for tensor in stored for part in tensor.parts}
    return stored if len(stored) == len(inputs) + 1 and dtypes == {step.output.dtype} else []


def look_alike(files: InputFiles, sources: list[StoredTensor], size: int) -> bool:
    """Whether tensors of `size` bytes are the same in a few places; small ones are not worth a look."""
    if len(sources) < 2 or size < BLOCK * sources[0].dtype.itemsize:
        return False
    samples = [memoryview(bytearray(_SAMPLE_BYTES)) for _ in sources[:2]]
    for start in range(0, size - _SAMPLE_BYTES + 1, (size - _SAMPLE_BYTES) // (_SAMPLES - 1)):
        for number, source in enumerate(sources):
            sample, done = samples[min(number, 1)], 0
            for file, offset, count in source.spans(start, _SAMPLE_BYTES):
                files.read(file, offset, sample[done : done + count])
                done += count
            if number > 0 and samples[0] != samples[1]:
                return False
    return True


def are_alike(workspace: Workspace, sources: list[StoredTensor], start: int, size: int) -> bool:
    """Whether all sources hold the same bytes [start, start + size): finite numbers, none of them -0."""
    base, *inputs = sources
    held, other = workspace.buffer("source 0"), workspace.buffer("source 1")
    base.read(workspace, start, held.view(size))
    for source in inputs:
        source.read(workspace, start, other.view(size))
        if not other.holds(held, size):
            return False
    whole, exponent = _BITS[base.parts[0].dtype]
    bits = held.tensor(whole, size // whole.itemsize)
    lowest, largest = torch.iinfo(whole).min, torch.iinfo(whole).max
    magnitudes = torch.bitwise_and(bits, largest, out=workspace.buffer("magnitudes").tensor(whole, len(bits)))
    return bool(bits.min() > lowest) and bool(magnitudes.max() < exponent)
