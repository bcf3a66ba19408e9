"""Random draws that depend on (seed, epoch, sample index) alone.

A draw is a hash of where it is used, not the next number of a generator. So the same picture gets the same draw whatever the number of
workers and ranks, the batch size, the device, or the place at which a run was resumed. Each operation has a stream of its own, named
after it: to switch one on changes no other's draws.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def _mix(state: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scrambles 64-bit words: the finalizer of SplitMix64."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def _absorb(state: npt.NDArray[np.uint64], word: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    return _mix((state ^ word) + _GOLDEN)


def _words(numbers: npt.ArrayLike) -> npt.NDArray[np.uint64]:
    return np.asarray(numbers, dtype=np.int64).astype(np.uint64).reshape(-1)


def uniform(seed: int, epoch: int, indices: npt.ArrayLike, count: int, *, stream: str = "") -> npt.NDArray[np.float64]:
    """`count` independent uniform numbers in [0, 1) for each sample.

    Args:
        seed: The seed of the run.
        epoch: The epoch, from 0.
        indices: (n,) integers: the samples' indices in the data set.
        count: How many numbers a sample needs. The first k numbers do not depend on it.
        stream: What the numbers are for; those of one stream say nothing about those of another.

    Returns:
        (n, count) float64.

    Example:
        >>> one, other = uniform(0, 3, [17], 2), uniform(0, 3, [5, 17], 4)
        >>> bool((one[0] == other[1, :2]).all())
        True

    Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014), for the mixing function.
    """
    state = sample_words(seed, epoch, indices, stream=stream)
    with np.errstate(over="ignore"):
        words = _absorb(state[:, None], np.arange(count, dtype=np.uint64)[None, :])
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def sample_words(seed: int, epoch: int, indices: npt.ArrayLike, *, stream: str = "") -> npt.NDArray[np.uint64]:
    """(n,) 64 random bits for each sample, from which all its numbers of a stream are made; arguments as `uniform` has them."""
    with np.errstate(over="ignore"):
        state = _absorb(_absorb(_mix(_words(seed) + _GOLDEN), _words(epoch)), _words(indices))
        if stream:
            name = int.from_bytes(hashlib.blake2b(stream.encode(), digest_size=8).digest(), "little")
            state = _absorb(state, np.array([name], dtype=np.uint64))
    return state


def permutation(seed: int, epoch: int, length: int) -> npt.NDArray[np.int64]:
    """The order in which an epoch visits `length` samples: a shuffle that depends on (seed, epoch) alone.

    Example:
        >>> sorted(permutation(0, 0, 5).tolist())
        [0, 1, 2, 3, 4]
    """
    # A stable sort of one draw a sample; ties are as good as impossible and harmless.
    return np.argsort(uniform(seed, -1 - epoch, np.arange(length), 1)[:, 0], kind="stable").astype(np.int64)
