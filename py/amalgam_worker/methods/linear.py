"""Weighted average."""

from __future__ import annotations

import torch

from amalgam_worker.methods.combinations import combined_models
from amalgam_worker.methods.method import Chunk, Method, Parameters, Statistics


def combine(chunk: Chunk, statistics: Statistics, parameters: Parameters) -> torch.Tensor:
    """`sum(w_i * W_i)`, divided by `sum(w_i)` if `normalize`; weights that sum to zero give no finite number.

    Source: model soups, Wortsman et al. 2022, arXiv:2203.05482.
    """
    weights = parameters.each("weight")
    return combined_models(chunk, weights, sum(weights) if parameters.flag("normalize") else 1)


LINEAR = Method(shared=("normalize",), per_input=("weight",), combine=combine)
