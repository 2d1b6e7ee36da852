"""Imports of packages that only evaluation needs, so that merging works without them."""

import importlib
import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from importlib.metadata import version
from io import StringIO
from typing import Any

from ..errors import WorkerError

# Earlier versions can be made to run code named by a config.json (CVE-2026-4372, CVE-2026-5241).
OLDEST_TRANSFORMERS = (5, 5)
# Earlier versions run code that a data set brings along.
OLDEST_DATASETS = (4, 0)
# Earlier versions load tasks in another way.
OLDEST_LM_EVAL = (0, 4, 13)


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


def require_lm_eval() -> Any:
    """lm-evaluation-harness with the modules that are used; `package-missing` if it is absent or too old."""
    purpose = "a task of lm-evaluation-harness"
    harness = require("lm_eval", "lm_eval", purpose)
    found = version("lm_eval")
    if tuple(int(part) for part in found.split(".")[:3]) < OLDEST_LM_EVAL:
        oldest = ".".join(map(str, OLDEST_LM_EVAL))
        message = f"{purpose} needs lm_eval {oldest} or later, and {found} is installed"
        raise WorkerError("package-missing", message, pip_install(f"lm_eval>={oldest}"))
    for module in ("tasks", "evaluator", "models.huggingface"):
        require(f"lm_eval.{module}", "lm_eval[hf]", purpose)
    return harness


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars and warnings of other packages on standard error inside the block."""
    logger = logging.getLogger("lm_eval")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with redirect_stderr(StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


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
