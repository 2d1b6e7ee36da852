"""Random masks from a counter: the same for any order of work, any chunking and any device."""

from __future__ import annotations

import hashlib
from functools import cache
from math import isfinite

import torch

from amalgam_worker.native import random_drop
from amalgam_worker.tensors.buffers import Scratch

MASK_BLOCK = 262_144


def mask_key(seed: int, model: int, tensor: str, block: int) -> tuple[int, int]:
    """Two signed 32-bit words for a block of MASK_BLOCK elements, from SHA-256; the second is odd."""
    digest = hashlib.sha256(f"{seed}/{model}/{block}/{tensor}".encode("utf-8", "surrogatepass")).digest()
    return (
        int.from_bytes(digest[:4], "little", signed=True),
        int.from_bytes(digest[4:8], "little", signed=True) | 1,
    )


def drop_at_random(
    values: torch.Tensor, key: tuple[int, int], low: int, density: float, scratch: Scratch
) -> None:
    """Zeroes, in place, each element but for a share of `density`, independently.

    Args:
        values: of shape [n], from place `low` of a block on. If one of them is not finite, one stays so.
        key: of `mask_key`.
        density: between 0 and 1, both excluded; resolved to 2^-32.
    """
    limit = largest_dropped(density)
    call = random_drop.DROP_AT_RANDOM.serving(values)
    if call is not None:
        random_drop.drop_at_random(call, values, key, low, limit)
    else:
        eager_drop_at_random(values, key, low, limit, scratch)


def largest_dropped(density: float) -> int:
    """The largest word that drops its element."""
    return max(2**31 - 1 - round(density * 2**32), -(2**31))


def eager_drop_at_random(
    values: torch.Tensor, key: tuple[int, int], low: int, limit: int, scratch: Scratch
) -> None:
    """`drop_at_random` by torch; what has no word above the limit is dropped."""
    words = random_words(key, low, low + values.numel(), scratch)
    # Elsewhere the sum would have to be waited for.
    if values.is_cpu and values.dtype == torch.float32 and isfinite(float(values.sum())):
        # On the bits, as integers like the words, it is one fast loop: what the gradient of a threshold does.
        bits = values.view(torch.int32)
        torch.ops.aten.threshold_backward.grad_input(bits, words, limit, grad_input=bits)
    else:
        torch.where(words > limit, values, values - values, out=values)


def random_words(key: tuple[int, int], low: int, high: int, scratch: Scratch) -> torch.Tensor:
    """Words of the elements [low, high) of a block, uniform and independent; int32 of shape [high - low].

    The element's place is hashed by `lowbias32` of Chris Wellons (hash-prospector, public domain), once for
    all blocks. What a block does is cheap: `(hash ^ key[0]) * key[1]`, in wrapping int32 arithmetic, with an
    odd multiplier (multiply-shift hashing, Dietzfelbinger et al. 1997, "A reliable randomized algorithm for
    the closest-pair problem"). The high bits decide a comparison, and they depend on all others.
    """
    words = scratch.take("words", high - low, torch.int32)
    return torch.bitwise_xor(_places(scratch.device)[low:high], key[0], out=words).mul_(key[1])


@cache
def _places(device: torch.device) -> torch.Tensor:
    """Element places, hashed once, so that the places of two blocks are no shifted copies of each other."""
    places = torch.arange(MASK_BLOCK, dtype=torch.int32, device=device)
    shifted = torch.empty_like(places)
    _xor_shifted(places, shifted, 16)
    places.mul_(0x7FEB352D)
    _xor_shifted(places, shifted, 15)
    places.mul_(0x846CA68B - 2**32)
    _xor_shifted(places, shifted, 16)
    return places


def _xor_shifted(values: torch.Tensor, shifted: torch.Tensor, count: int) -> None:
    """`values ^= values >> count`; the mask turns int32's arithmetic shift into a logical one."""
    torch.bitwise_right_shift(values, count, out=shifted)
    values.bitwise_xor_(shifted.bitwise_and_((1 << (32 - count)) - 1))
