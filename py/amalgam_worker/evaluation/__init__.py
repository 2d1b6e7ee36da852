"""Scores of a model on tasks: multiple choice by log-likelihood, generation by ROUGE."""

from .evaluate import evaluate

__all__ = ["evaluate"]
