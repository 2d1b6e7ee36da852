"""ROUGE of generated texts, by the rouge-score package."""

from collections.abc import Callable

from .packages import require

# Lin, "ROUGE: a package for automatic evaluation of summaries", 2004; Lsum splits sentences at line ends.
ROUGE_TYPES = ("rouge1", "rouge2", "rougeL", "rougeLsum")


def rouge_scorer() -> Callable[[str, str], dict[str, float]]:
    """A function of target and prediction: the F-measure in [0, 1] of each type, words not stemmed.

    Errors: `package-missing` without rouge-score.
    """
    module = require("rouge_score.rouge_scorer", "rouge-score", "scoring generations")
    scorer = module.RougeScorer(list(ROUGE_TYPES), use_stemmer=False)

    def score(target: str, prediction: str) -> dict[str, float]:
        scores = scorer.score(target, prediction)
        return {kind: float(scores[kind].fmeasure) for kind in ROUGE_TYPES}

    return score
