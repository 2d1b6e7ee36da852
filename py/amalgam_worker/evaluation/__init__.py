"""Scores of a model on tasks: multiple choice by log-likelihood, generation by ROUGE."""

from .evaluate import evaluate
from .read_tasks import count_examples

__all__ = ["count_examples", "evaluate"]
