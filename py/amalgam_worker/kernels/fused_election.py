"""The sign election as one kernel that torch compiles."""

from __future__ import annotations

import torch

from amalgam_worker.fusion import Case, Function, Fusion, Tensors
from amalgam_worker.tensors.buffers import Scratch

_WEIGHTED, _PLAIN = "weighted", "plain"


def fused_agreeing_sums(
    vectors: list[torch.Tensor], factors: list[float], weights: list[float] | None, sign_of_zero: int
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """What `agreeing_sums` gives, in memory of its own; None where there is no kernel for it."""
    kernel = FUSED_ELECTION.serving(_case(vectors, weights, sign_of_zero))
    if kernel is None:
        return None
    zeros = [0.0] * len(factors)
    numbers = [factors, zeros if weights is None else weights, zeros]
    wide = torch.tensor(numbers, dtype=torch.float64, device=vectors[0].device)
    total, divisor = kernel(*vectors, *wide.unbind())
    return total, divisor


def _case(vectors: list[torch.Tensor], weights: list[float] | None, sign_of_zero: int) -> Case:
    first, kind = vectors[0], _PLAIN if weights is None else _WEIGHTED
    return Case(first.device, first.dtype, first.numel(), len(vectors), f"{kind} {sign_of_zero}")


def _pure(case: Case) -> Function:
    is_weighted, is_plus = case.variant.startswith(_WEIGHTED), case.variant.endswith(" 1")

    def sums(*arguments: torch.Tensor) -> Tensors:
        *vectors, factors, weights, zeros = arguments
        total = vectors[0]
        for vector in vectors[1:]:
            total = total + vector
        sign = (total >= 0 if is_plus else total > 0).to(total.dtype) * 2 - 1
        # Zeros that the compiler does not know: it would leave them out, and a sum with -0 would stay -0.
        result = divisor = torch.zeros_like(total) + zeros[0].to(total.dtype)
        for number, vector in enumerate(vectors):
            agreeing = torch.relu(vector * sign)
            if is_weighted:
                divisor = divisor + (agreeing > 0).to(total.dtype) * weights[number].to(total.dtype)
            result = result + agreeing * factors[number].to(total.dtype)
        return result * sign, divisor

    return sums


def _sample(case: Case) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    vectors = [torch.randn(case.elements, generator=generator, dtype=case.dtype) for _ in range(case.vectors)]
    tenth = case.elements // 10
    for number, vector in enumerate(vectors):
        vector[:tenth] = 0.0 if number % 2 else -0.0
        vector[tenth : 2 * tenth].mul_(1e-41)
        vector[2 * tenth : 3 * tenth].mul_(1e38)
        # Chosen apart in each, so that what is infinite or no number meets what is not.
        vector[number :: 1009 + number] = [float("inf"), float("nan"), -float("inf"), 0.0][number % 4]
    if case.vectors > 1:
        vectors[-1][3 * tenth : 4 * tenth] = -sum(vector[3 * tenth : 4 * tenth] for vector in vectors[:-1])
    numbers = torch.randn(3, case.vectors, generator=generator, dtype=torch.float64)
    numbers[:, 0].abs_().neg_()
    numbers[2] = 0
    return [tensor.to(case.device) for tensor in (*vectors, *numbers.unbind())]


def _reference(case: Case, arguments: list[torch.Tensor]) -> Tensors:
    from amalgam_worker.kernels.sign_election import eager_agreeing_sums

    *vectors, factors, weights, _ = arguments
    copies, kind, sign = [vector.clone() for vector in vectors], *case.variant.split()
    chosen = weights.tolist() if kind == _WEIGHTED else None
    return eager_agreeing_sums(copies, factors.tolist(), chosen, Scratch(case.device), int(sign))


FUSED_ELECTION = Fusion(_pure, _sample, _reference)
