import os
from pathlib import Path

# Before transformers is first imported: no test may reach for a network.
os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
from evaluation_models import save_llama, save_t5


@pytest.fixture(scope="session")
def llama_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def t5_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_t5(tmp_path_factory.mktemp("t5"))


@pytest.fixture(params=["llama", "t5"])
def model_folder(request: pytest.FixtureRequest, llama_folder: Path, t5_folder: Path) -> Path:
    """A decoder with grouped-query attention, then an encoder-decoder."""
    return llama_folder if request.param == "llama" else t5_folder
