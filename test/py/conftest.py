"""Keeps torch to one thread, as in a merge."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
