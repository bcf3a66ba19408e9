"""Random numbers for every pixel, made where the pictures are; the same bits on every device."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from striate.augmentation.draws import sample_words


def on_device(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """The array as a tensor on a device; nothing waits for a GPU's work, because it reads from pinned memory when it comes to it."""
    tensor = torch.from_numpy(array)
    if device.type == "cuda":
        tensor = tensor.pin_memory()
    return tensor.to(device, non_blocking=True)


def random_words(
    seed: int, epoch: int, indices: npt.ArrayLike, count: int, *, stream: str, device: torch.device
) -> Tensor:
    """`count` words of 32 random bits for each sample: a hash of the sample's own 64 bits and of the word's place.

    Args:
        seed: The seed of the run.
        epoch: The epoch, from 0.
        indices: (n,) integers: the samples' indices in the data set.
        count: Words a sample.
        stream: What the words are for.
        device: Where they are made. Integers only are used, so that every device makes the same.

    Returns:
        (n, count) int32, all bits random.

    Source: Wellons, "Prospecting for hash functions" (2018), for the 32-bit mixing function `lowbias32`, used twice.
    """
    keys = sample_words(seed, epoch, indices, stream=stream)
    halves = np.stack([keys & np.uint64(0xFFFFFFFF), keys >> np.uint64(32)]).astype(np.uint32).view(np.int32)
    low, high = on_device(halves, device)
    words = torch.arange(count, dtype=torch.int32, device=device) + low[:, None]
    return _scramble(_scramble(words).bitwise_xor_(high[:, None]))


def _scramble(words: Tensor) -> Tensor:
    # An int32 shifts its sign in from the left; the masks take it out again. Products keep their low 32 bits.
    words ^= (words >> 16) & 0xFFFF
    words *= 0x7FEB352D
    words ^= (words >> 15) & 0x1FFFF
    words *= 0x846CA68B - (1 << 32)
    words ^= (words >> 16) & 0xFFFF
    return words


def random_halves(
    seed: int, epoch: int, indices: npt.ArrayLike, count: int, *, stream: str, device: torch.device
) -> Tensor:
    """(n, count) int32, uniform in 0..65535: the halves of `random_words`."""
    words = random_words(seed, epoch, indices, -(-count // 2), stream=stream, device=device)
    return torch.cat([words & 0xFFFF, (words >> 16) & 0xFFFF], dim=1)[:, :count]


def normal_field(
    seed: int, epoch: int, indices: npt.ArrayLike, count: int, *, stream: str, device: torch.device
) -> Tensor:
    """`count` independent numbers of the standard normal distribution for each sample.

    Each is one of the distribution's 65,536 equally likely quantiles, looked up: no function is computed that devices round
    differently. The largest is 4.33.

    Returns:
        (n, count) float32.
    """
    halves = random_halves(seed, epoch, indices, count, stream=stream, device=device)
    return _normal_quantiles(device)[halves.long()]


@functools.cache
def _normal_quantiles(device: torch.device) -> Tensor:
    levels = (torch.arange(1 << 16, dtype=torch.float64) + 0.5) / (1 << 16)
    upper = torch.special.ndtri(levels[1 << 15 :]).to(torch.float32)
    return torch.cat([-upper.flip(0), upper]).to(device)  # exactly symmetric: the mean is 0
