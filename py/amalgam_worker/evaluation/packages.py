"""Imports of packages that only evaluation needs, so that merging works without them."""

import importlib
import os
import sys
import warnings
from typing import Any

from ..errors import WorkerError

# Earlier versions can be made to run code named by a config.json (CVE-2026-4372, CVE-2026-5241).
OLDEST_TRANSFORMERS = (5, 5)


def pip_install(requirement: str) -> str:
    return f"{sys.executable} -m pip install '{requirement}'"


def require(module: str, package: str, purpose: str) -> Any:
    """The imported module; WorkerError `package-missing` with the pip command where it cannot be imported."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name == module
        state = "is not installed" if absent else f"cannot be imported: {error}"
        message = f"{purpose} needs the Python package {package}, which {state}"
        raise WorkerError("package-missing", message, pip_install(package)) from error


def require_transformers() -> Any:
    """transformers, offline and silent; WorkerError `package-missing` where it is absent or too old."""
    # Read when huggingface_hub is first imported: every model of an evaluation is a local folder.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    transformers = require("transformers", "transformers", "evaluation")
    version: str = transformers.__version__
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_TRANSFORMERS:
        oldest = ".".join(map(str, OLDEST_TRANSFORMERS))
        message = f"evaluation needs transformers {oldest} or later, and {version} is installed"
        raise WorkerError("package-missing", message, pip_install(f"transformers>={oldest}"))
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    return transformers
