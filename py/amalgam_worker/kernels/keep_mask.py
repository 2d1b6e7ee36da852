"""Random masks from a counter: the same for any order of work, any chunking and any device."""

from __future__ import annotations

import hashlib
from functools import cache

import torch

from amalgam_worker.tensors.buffers import Scratch

MASK_BLOCK = 65_536


def mask_key(seed: int, model: int, tensor: str, block: int) -> tuple[int, int]:
    """Two signed 32-bit words for a block of MASK_BLOCK elements, from SHA-256."""
    digest = hashlib.sha256(f"{seed}/{model}/{block}/{tensor}".encode("utf-8", "surrogatepass")).digest()
    return (
        int.from_bytes(digest[:4], "little", signed=True),
        int.from_bytes(digest[4:8], "little", signed=True),
    )


def keep_mask(key: tuple[int, int], elements: int, density: float, scratch: Scratch) -> torch.Tensor:
    """Keeps each element of a block with probability `density`, independently.

    Args:
        key: of `mask_key`.
        elements: length of the block, at most MASK_BLOCK.
        density: between 0 and 1, both excluded.
    Returns:
        float32 of shape [elements], ones and zeros; valid until the next call with this scratch.
    """
    hashed = random_words(key, 0, elements, scratch)
    # Compared as float32, which resolves probabilities to 2^-24: into float32 torch compares without a copy.
    keep = scratch.take("keep", elements, torch.float32).copy_(hashed)
    return torch.lt(keep, density * 2.0**32 - 2.0**31, out=keep)


def random_words(key: tuple[int, int], low: int, high: int, scratch: Scratch) -> torch.Tensor:
    """Words of the elements [low, high) of a block, uniform and independent; int32 of shape [high - low].

    The element's place is hashed by `lowbias32` of Chris Wellons (hash-prospector, public domain), once for
    all blocks, and then with the key: two multiplications by the same constants with an xorshift between
    them, in wrapping int32 arithmetic. Each key word goes into one multiplication: blocks differ in 64 bits.
    The last xorshift is left out: it changes low bits only, and the high ones decide a comparison.
    """
    hashed = scratch.take("hash", high - low, torch.int32)
    shifted = scratch.take("hash shifted", high - low, torch.int32)
    torch.bitwise_xor(_places(scratch.device)[low:high], key[0], out=hashed)
    hashed.mul_(0x7FEB352D).bitwise_xor_(key[1])
    _xor_shifted(hashed, shifted, 15)
    return hashed.mul_(_signed(0x846CA68B))


@cache
def _places(device: torch.device) -> torch.Tensor:
    """Element places, hashed once, so that the places of two blocks are no shifted copies of each other."""
    places = torch.arange(MASK_BLOCK, dtype=torch.int32, device=device)
    shifted = torch.empty_like(places)
    _xor_shifted(places, shifted, 16)
    places.mul_(0x7FEB352D)
    _xor_shifted(places, shifted, 15)
    places.mul_(_signed(0x846CA68B))
    _xor_shifted(places, shifted, 16)
    return places


def _xor_shifted(values: torch.Tensor, shifted: torch.Tensor, count: int) -> None:
    """`values ^= values >> count`; the mask turns int32's arithmetic shift into a logical one."""
    torch.bitwise_right_shift(values, count, out=shifted)
    values.bitwise_xor_(shifted.bitwise_and_((1 << (32 - count)) - 1))


def _signed(word: int) -> int:
    return word - 2**32 if word >= 2**31 else word
