"""The training loop: AdamW, linear warm-up, cosine decay to nearly zero."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from transformers import PreTrainedModel

Batch = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Schedule:
    steps: int
    rate: float
    warmup: int
    weight_decay: float = 0.0
    final: float = 0.01
    """The last learning rate, as a share of `rate`."""

    def at(self, step: int) -> float:
        if step < self.warmup:
            return self.rate * (step + 1) / self.warmup
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.rate * (self.final + (1 - self.final) * 0.5 * (1 + math.cos(math.pi * progress)))


def optimise(model: PreTrainedModel, schedule: Schedule, next_batch: Callable[[], Batch], label: str) -> None:
    """Train the parameters that require a gradient, in place; prints the loss 8 times."""
    model.train()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(
        trained, lr=schedule.rate, betas=(0.9, 0.98), weight_decay=schedule.weight_decay
    )
    start, losses = time.monotonic(), []
    for step in range(schedule.steps):
        for group in optimiser.param_groups:
            group["lr"] = schedule.at(step)
        loss = model(**next_batch()).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if (step + 1) % max(1, schedule.steps // 8) == 0:
            recent = losses[-max(1, schedule.steps // 8) :]
            spent = time.monotonic() - start
            print(
                f"{label}: step {step + 1} loss {sum(recent) / len(recent):.3f} ({spent:.0f} s)", flush=True
            )
    model.train(False)
