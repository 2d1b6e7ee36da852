"""Live sessions: any importable function called by name, arguments and result as JSON text.

Text, because the bridge that carries these calls mistakes NaN, string subclasses and tensors in transit.
"""

from __future__ import annotations

import importlib
import json
import time
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_SIDE = 64


def invoke(module: str, function: str, arguments: str) -> str:
    """Calls `module.function(*arguments)`.

    Args:
        module: name to import.
        function: name in the module; dots lead into its members.
        arguments: JSON array.
    Returns:
        JSON text: `{"value": result}`, or `{"error": {"type", "message", "traceback"}}` where importing,
        calling or writing the result as strict JSON failed.
    """
    try:
        target: object = importlib.import_module(module)
        for name in function.split("."):
            target = getattr(target, name)
        if not callable(target):
            raise TypeError(f"{module}.{function} is not callable")
        return json.dumps({"value": target(*json.loads(arguments))}, allow_nan=False)
    # SystemExit too: it would end the session, which is not for a called function to decide.
    except (Exception, SystemExit) as error:
        kind, message = type(error).__name__, str(error)
        return json.dumps({"error": {"type": kind, "message": message, "traceback": traceback.format_exc()}})


def check_devices() -> list[dict[str, object]]:
    """Multiplies two matrices on every device of torch and compares with exact integer arithmetic.

    Returns:
        one entry per device: `device`, `ok`, `seconds` including the device's start, `problem` (None if ok).
    """
    import torch

    names = ["cpu"]
    if torch.cuda.is_available():
        names += [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return [_check_device(torch.device(name)) for name in names]


def _check_device(device: torch.device) -> dict[str, object]:
    import torch

    started = time.monotonic()
    problem: str | None = None
    try:
        # Entries below 8 and sums below 2^24 are exact in every float format that a device may multiply in.
        left = torch.arange(_SIDE * _SIDE, dtype=torch.int64).reshape(_SIDE, _SIDE) % 8
        right = left.t().contiguous() % 5
        product = (left.to(device, torch.float32) @ right.to(device, torch.float32)).to("cpu", torch.int64)
        if not torch.equal(product, left @ right):
            problem = "a product of two matrices is wrong"
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
    return {
        "device": str(device),
        "ok": problem is None,
        "seconds": time.monotonic() - started,
        "problem": problem,
    }
