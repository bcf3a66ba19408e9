"""How an epoch's pictures are put into batches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from striate.augmentation import permutation


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


def epoch_batches(length: int, batch_size: int, *, seed: int, epoch: int) -> list[npt.NDArray[np.int64]]:
    """The positions 0..length-1 in the order of an epoch, cut into batches; depends on (seed, epoch) alone.

    Example:
        >>> sorted(int(i) for batch in epoch_batches(5, 2, seed=0, epoch=0) for i in batch)
        [0, 1, 2, 3, 4]
    """
    ends = np.cumsum(batch_sizes(length, batch_size))[:-1]
    return np.split(permutation(seed, epoch, length), ends)
