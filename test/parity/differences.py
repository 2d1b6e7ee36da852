"""What amalgam does otherwise on purpose: the table of docs/mergekit.md, which the suite keeps in step.

`python -m parity.differences` prints the table's rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "mergekit.md"


@dataclass(frozen=True)
class Deliberate:
    """One difference: cases name it, and comparisons allow exactly what it describes."""

    name: str
    mergekit: str
    amalgam: str
    why: str

    def row(self) -> str:
        """The difference as a line of the table."""
        return f"| `{self.name}` | {self.mergekit} | {self.amalgam} | {self.why} |"


DELIBERATE: Sequence[Deliberate] = (
    Deliberate(
        "angle",
        "`slerp`, `nuslerp`, `multislerp` and `karcher` find angles from float32 dot products",
        "angles from sums in float64 (`slerp`: of sums over 4,096 products)",
        "for close models the cosine is near 1 and a float32 angle is off by up to 1e-5; amalgam is within "
        "1e-6 of the formula in float64",
    ),
    Deliberate(
        "ties-at-the-cut",
        "of entries with equal magnitude at the cut of `ties`, `breadcrumbs` and `sce`, any are kept",
        "the first ones are kept; the number is the same",
        "same result for any number of threads; bfloat16 models have many equal magnitudes",
    ),
    Deliberate(
        "even-votes",
        "weighted task vectors that cancel exactly elect the sign that float32 rounding leaves",
        "the same rule, rounded in another order",
        "an exact zero counts as positive in both; one rounding away from it the sign is arbitrary",
    ),
    Deliberate(
        "random-masks",
        "DARE and DELLA draw from one global generator in the order in which tensors happen to be merged",
        "masks keyed by seed, model and tensor",
        "same masks for any order, number of threads and device; probabilities and rescaling are the same",
    ),
    Deliberate(
        "small-updates",
        "`model_stock` divides by at least 1e-6, so the mean cosine of tiny updates comes out near 0 and the "
        "tensor stays near the base",
        "divides by the norms themselves",
        "how far to move depends on the angle between updates and not on their size",
    ),
    Deliberate(
        "last-slice",
        "the final norm and the head take as many models of the last slice as the *first* slice has",
        "all models of the last slice take part",
        "the others were dropped without a word",
    ),
    Deliberate(
        "unlisted-modules",
        "with `modules`, tensors of modules that are not listed (T5's embeddings) are left out",
        "they are merged like the nearest module that is listed",
        "without them the output is no model",
    ),
    Deliberate(
        "layer-lists",
        "`layer_types` and other lists by layer keep their length when layers are stacked; transformers then "
        "refuses to save the configuration, after all weights are written",
        "lists by layer follow the layers",
        "Gemma 2, Gemma 3 and Qwen 3 can be stacked",
    ),
    Deliberate(
        "tied-flag",
        "`tie_word_embeddings` stays true when a model with a head of its own is merged in",
        "false as soon as a head is written",
        "loaders that tie would throw the merged head away",
    ),
    Deliberate(
        "dtype-spelling",
        "`dtype: torch.float16` puts `torch.float16` into config.json",
        "`float16`",
        "what transformers itself writes",
    ),
    Deliberate(
        "expert-layout",
        "experts are written fused, in the layout of transformers 5, whatever the inputs had",
        "the layout of the inputs is kept",
        "the values are the same, and llama.cpp, vLLM and transformers 4 read the output too",
    ),
    Deliberate(
        "padding",
        "rows beyond the tokenizer are cut off when a tokenizer is configured",
        "the base's padding rows are kept unless `pad_to_multiple_of` asks for another size",
        "the padded size is chosen for the hardware, and other tools expect it",
    ),
)

_names = {difference.name for difference in DELIBERATE}


def undocumented() -> list[str]:
    """Names of differences whose row the document lacks."""
    text = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    return [difference.name for difference in DELIBERATE if difference.row() not in text]


def check_names(names: Sequence[str]) -> None:
    """Raise ValueError for a name that is not in the table."""
    unknown = set(names) - _names
    if unknown:
        raise ValueError(f"no deliberate difference is called {', '.join(sorted(unknown))}")


if __name__ == "__main__":
    print("\n".join(difference.row() for difference in DELIBERATE))
