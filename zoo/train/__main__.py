"""Train the zoo: `python -m train --seed 0 --out .` in the folder zoo/. Takes about twenty minutes."""

import argparse
from pathlib import Path

import torch

from .evaluation_sets import write_items
from .families import make_decoder_family, make_encoder_decoder_family
from .world import evaluation_items, make_world


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m train", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of initial weights, data order and adapters (0)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder to write the zoo to (.)")
    parser.add_argument("--family", choices=("decoder", "encoder-decoder", "both"), default="both")
    parser.add_argument(
        "--report",
        action="store_true",
        help="choose coefficients on dev and score merges, negations and analogies on test too",
    )
    parser.add_argument(
        "--keep", action="store_true", help="score the models that are in --out instead of training them"
    )
    arguments = parser.parse_args()
    # One thread: the tensors are too small to gain from more, and sums come out in the same order.
    torch.set_num_threads(1)
    world = make_world()
    for (task, draw), items in evaluation_items(world).items():
        write_items(arguments.out / "tasks" / f"{task}.{draw}.csv", task, draw, items)
    makers = {"decoder": make_decoder_family, "encoder-decoder": make_encoder_decoder_family}
    for family in makers if arguments.family == "both" else (arguments.family,):
        if not arguments.keep:
            makers[family](arguments.out, world, arguments.seed)
        if arguments.report:
            # Imported here because ROUGE is needed for reports only.
            from .report import report_family

            report_family(arguments.out, family, arguments.seed, world)


if __name__ == "__main__":
    main()
