"""How an epoch's pictures are put into batches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from striate.augmentation import permutation

VISIT = 1 << 40
"""What is added to a sample's number in random draws for each time that the epoch has shown it already."""


@dataclass(frozen=True)
class Batch:
    """Some of an epoch's pictures."""

    positions: npt.NDArray[np.int64]
    """(k,) positions 0..n-1 in the examples."""
    visits: npt.NDArray[np.int64]
    """(k,) how many times the epoch has shown each picture before."""

    def draws(self, samples: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(k,) what the pictures are known by in random draws: a picture that comes again in an epoch is drawn anew.

        Args:
            samples: (n,) what they are known by the first time.
        """
        return samples[self.positions] + self.visits * VISIT


def pictures_at_once(size: tuple[int, ...]) -> int:
    """How many pictures are answered at once where nothing is learnt: eight of 224 x 224, of smaller ones up to 64.

    More take memory, and little less time: the widest maps of MobileNetV2 are 4.8 MB a picture, and in torch a picture of
    224 x 224 took it 19.4 ms where 8 were answered at once, and 17.3 where 64 were (two cores, measured once).

    Args:
        size: (height, width) in pixels, or how long a sentence is.

    Example:
        >>> pictures_at_once((224, 224)), pictures_at_once((160, 160)), pictures_at_once((32, 32)), pictures_at_once((900, 600))
        (8, 15, 64, 1)
    """
    return min(64, max(1, 8 * 224 * 224 // (math.prod(size))))


def batch_sizes(length: int, batch_size: int) -> list[int]:
    """The sizes of an epoch's batches: all full but the last, and the last never a single picture.

    Batch norm cannot learn from one picture, and no picture may be dropped; so a single one left over joins the batch before.

    Example:
        >>> batch_sizes(129, 64), batch_sizes(130, 64), batch_sizes(3, 64)
        ([64, 65], [64, 64, 2], [3])
    """
    full, rest = divmod(length, batch_size)
    sizes = [batch_size] * full
    if rest == 1 and full:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


def count_looks(steps: int, length: int, batch_size: int) -> int:
    """How many pictures a number of steps looks at, from the start of an epoch on.

    Example:
        >>> count_looks(5, 129, 64)  # 64 + 65, twice, and 64
        322
    """
    sizes = [0, *accumulate(batch_sizes(length, batch_size))]
    epochs, rest = divmod(steps, len(sizes) - 1)
    return epochs * length + sizes[rest]


def part_sizes(length: int, most: int) -> list[int]:
    """The sizes of the parts that a batch is worked in: as even as can be, at most `most` pictures; a single one only where that is 1.

    Example:
        >>> part_sizes(64, 64), part_sizes(65, 32), part_sizes(7, 3), part_sizes(5, 2), part_sizes(3, 1)
        ([64], [22, 22, 21], [3, 2, 2], [3, 2], [1, 1, 1])
    """
    parts = -(-length // most)
    if most > 1:
        parts = max(1, min(parts, length // 2))
    each, more = divmod(length, parts)
    return [each + 1] * more + [each] * (parts - more)


def epoch_batches(
    length: int, batch_size: int, *, seed: int, epoch: int, even: npt.NDArray[np.int64] | None = None
) -> list[Batch]:
    """The positions 0..length-1 in the order of an epoch, cut into batches; depends on (seed, epoch) alone.

    Args:
        length: How many pictures there are, and how many an epoch shows.
        batch_size: Pictures a batch.
        seed: The seed of the run.
        epoch: The epoch, from 0.
        even: (length,) the pictures' classes, to draw all classes equally often (see `even_order`); None for each picture once.

    Example:
        >>> sorted(int(i) for batch in epoch_batches(5, 2, seed=0, epoch=0) for i in batch.positions)
        [0, 1, 2, 3, 4]
    """
    ends = np.cumsum(batch_sizes(length, batch_size))[:-1]
    if even is None:
        order, visits = permutation(seed, epoch, length), np.zeros(length, np.int64)
    else:
        order = even_order(even, seed=seed, epoch=epoch)
        visits = count_visits(order)
    return [Batch(*parts) for parts in zip(np.split(order, ends), np.split(visits, ends), strict=True)]


def even_order(labels: npt.NDArray[np.int64], *, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Positions of as many pictures as there are, of each class equally many (one more or less), shuffled.

    A class goes through its pictures in a shuffled order, again and again, and each epoch goes on about where the last one
    ended: a common class shows all its pictures in turn, a rare one shows each several times an epoch. It depends on (seed, epoch)
    alone.

    Args:
        labels: (n,) class of each picture; classes without pictures are left out.
        seed: The seed of the run.
        epoch: The epoch, from 0.

    Returns:
        (n,) int64 positions 0..n-1.

    Example:
        >>> order = even_order(np.array([0, 0, 0, 0, 0, 1]), seed=0, epoch=0)
        >>> int((order == 5).sum())
        3
    """
    length = len(labels)
    classes = np.unique(labels)
    each, more = divmod(length, len(classes))
    # Who gets one more changes from epoch to epoch.
    lucky = set(permutation(seed, epoch, len(classes))[:more].tolist())
    drawn = []
    for place, label in enumerate(classes):
        members = np.flatnonzero(labels == label)
        begin, end = epoch * each, epoch * each + each + (place in lucky)
        first = begin // len(members)
        own_seed = (seed + 1_000_003 * (int(label) + 1)) % 2**63
        turns = [permutation(own_seed, turn, len(members)) for turn in range(first, 1 + (end - 1) // len(members))]
        if turns:
            drawn.append(members[np.concatenate(turns)[begin - first * len(members) : end - first * len(members)]])
    return np.concatenate(drawn)[permutation(seed, epoch, length)].astype(np.int64)


def count_visits(order: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(n,) how many times each entry came before in the order.

    Example:
        >>> count_visits(np.array([7, 5, 7, 7])).tolist()
        [0, 0, 1, 2]
    """
    sorting = np.argsort(order, kind="stable")
    places = np.arange(len(order))
    first = np.maximum.accumulate(np.where(np.diff(order[sorting], prepend=-1) != 0, places, 0))
    visits = np.empty(len(order), np.int64)
    visits[sorting] = places - first
    return visits
