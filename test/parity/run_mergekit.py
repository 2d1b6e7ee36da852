"""Run mergekit on every case in one process: `python -m parity.run_mergekit FOLDER`.

Results go to `FOLDER/mergekit/<case>/`, errors to `FOLDER/mergekit.json` as `{case: message or null}`.
"""

import json
import logging
import os
import sys
from pathlib import Path

import torch
import transformers
import yaml
from mergekit.config import MergeConfiguration
from mergekit.merge import run_merge
from mergekit.options import MergeOptions


def _merge(recipe: Path, output: Path, options: dict[str, object]) -> None:
    text = recipe.read_text(encoding="utf-8")
    configuration = MergeConfiguration.model_validate(yaml.safe_load(text))
    chosen = MergeOptions(quiet=True, write_model_card=False, **options)
    run_merge(configuration, str(output), chosen, config_source=text)


def main(root: Path) -> None:
    """Merge every case of `root/cases.json`; a case that fails does not stop the others."""
    logging.disable(logging.WARNING)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)
    # The recipes name the checkpoints relative to this folder.
    os.chdir(root)
    outcomes: dict[str, str | None] = {}
    for case in json.loads((root / "cases.json").read_text(encoding="utf-8")):
        name = case["name"]
        try:
            _merge(root / "recipes" / f"{name}.yml", root / "mergekit" / name, case["options"])
            outcomes[name] = None
        except Exception as error:
            outcomes[name] = f"{type(error).__name__}: {error}"
    (root / "mergekit.json").write_text(json.dumps(outcomes, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
