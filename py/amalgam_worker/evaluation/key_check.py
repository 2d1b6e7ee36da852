"""Whether weights are exactly those of an architecture."""

from pathlib import Path
from typing import Any

from .configuration import unloadable

SHOWN_KEYS = 3


def check_keys(folder: Path, found: dict[str, Any]) -> None:
    """Refuse weights that do not fill the architecture exactly: what is missing would be random."""
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        keys = sorted(map(str, found.get(kind) or ()))
        if keys:
            more = f" and {len(keys) - SHOWN_KEYS} more" if len(keys) > SHOWN_KEYS else ""
            problem = f"{kind.replace('_', ' ')}: {', '.join(keys[:SHOWN_KEYS])}{more}"
            raise unloadable(folder, problem, "the weights do not belong to this config.json")
