"""Make the checkpoints and write down the cases: `python -m parity.prepare FOLDER`."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import yaml
from transformers.utils import logging

from parity.cases import all_cases
from parity.checkpoints import make_checkpoints


def main(root: Path) -> None:
    """Fill `root` with checkpoints, `recipes/<case>.yml` and `cases.json`."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    make_checkpoints(root)
    recipes = root / "recipes"
    recipes.mkdir()
    cases = all_cases()
    for case in cases:
        (recipes / f"{case.name}.yml").write_text(
            yaml.safe_dump(case.recipe, sort_keys=False), encoding="utf-8"
        )
    (root / "cases.json").write_text(json.dumps([asdict(case) for case in cases], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
