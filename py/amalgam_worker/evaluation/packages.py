"""Imports of packages that only evaluation needs, so that merging works without them."""

import importlib
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import WorkerError

# Earlier versions can be made to run code named by a config.json (CVE-2026-4372, CVE-2026-5241).
OLDEST_TRANSFORMERS = (5, 5)
# Earlier versions run code that a data set brings along.
OLDEST_DATASETS = (4, 0)


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


def version_of(module: Any) -> tuple[int, ...]:
    """The first two numbers of its version."""
    return tuple(int(part) for part in str(module.__version__).split(".")[:2])


def require_datasets() -> Any:
    """datasets, silent; WorkerError `package-missing` where it is absent or too old."""
    datasets = require("datasets", "datasets", "a task with a data set of the Hub")
    if version_of(datasets) < OLDEST_DATASETS:
        oldest = ".".join(map(str, OLDEST_DATASETS))
        message = f"data sets need datasets {oldest} or later, and {datasets.__version__} is installed"
        raise WorkerError("package-missing", message, pip_install(f"datasets>={oldest}"))
    datasets.disable_progress_bars()
    datasets.utils.logging.set_verbosity_error()
    return datasets


@contextmanager
def hub_offline() -> Iterator[None]:
    """No request reaches the Hub inside the block: every model of an evaluation is a local folder."""
    constants: Any = importlib.import_module("huggingface_hub.constants")
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def require_transformers() -> Any:
    """transformers, silent; WorkerError `package-missing` where it is absent or too old."""
    transformers = require("transformers", "transformers", "evaluation")
    if version_of(transformers) < OLDEST_TRANSFORMERS:
        oldest, found = ".".join(map(str, OLDEST_TRANSFORMERS)), transformers.__version__
        message = f"evaluation needs transformers {oldest} or later, and {found} is installed"
        raise WorkerError("package-missing", message, pip_install(f"transformers>={oldest}"))
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    return transformers
