"""Words of 64 bits that differ in few bits, found without comparing each with each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

_LOOKUPS = 1 << 20  # places of a table that are read at a time
_COMPARED = 1 << 21  # words that are compared at a time


def within_distance(
    words: npt.NDArray[np.uint64], queries: npt.NDArray[np.uint64], radius: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Every query with every word that differs from it in `radius` bits or fewer, once: rows of both, a part at a time.

    Words are cut into bands. Two that differ in few bits differ in very few in one of the bands, so only words with nearly
    the same band are compared; with as many bands as make a band name about one word, that takes less than linear time a query.

    Args:
        words: (n,).
        queries: (q,).
        radius: 0 to 63.

    Example:
        >>> words = np.array([0b0000, 0b0111, 0b1111], np.uint64)
        >>> [(rows.tolist(), found.tolist()) for rows, found in within_distance(words, words[:1], 3)]
        [([0, 0], [0, 1])]

    Source: Norouzi, Punjani, Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing" (2014), section 3 and proposition 2.
    """
    if not len(words) or not len(queries):
        return
    bands = _Bands(words, radius)
    step = max(1, _LOOKUPS // bands.lookups)
    for start in range(0, len(queries), step):
        part = queries[start : start + step]
        codes = [codes for rows, found in bands.near(part) for codes in _close(words, part, rows, found, radius)]
        if codes:
            rows, found = np.divmod(np.unique(np.concatenate(codes)), len(words))
            yield rows + start, found


class _Bands:
    """The words, sorted by each band of their bits."""

    def __init__(self, words: npt.NDArray[np.uint64], radius: int) -> None:
        count = max(3, round(64 / np.log2(len(words) + 2)))  # at most 22 bits: a table of four million places
        edges = np.linspace(0, 64, min(count, 64) + 1).astype(int)
        least, extra = divmod(radius, len(edges) - 1)
        self.tables = []
        self.lookups = 1
        for place, (low, high) in enumerate(pairwise(edges)):
            reach = least if place <= extra else least - 1
            if reach >= 0:
                keys = _bits(words, low, high)
                starts = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=1 << (high - low)))])
                flips = _flips(high - low, reach)
                self.tables.append((low, high, flips, starts, np.argsort(keys, kind="stable")))
                self.lookups = max(self.lookups, len(flips))

    def near(self, queries: npt.NDArray[np.uint64]) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        """Queries with the words to compare them with; some more than once."""
        for low, high, flips, starts, order in self.tables:
            keys = (_bits(queries, low, high)[:, np.newaxis] ^ flips).ravel()
            counts = starts[keys + 1] - starts[keys]
            hit = np.flatnonzero(counts)
            ends = np.cumsum(counts[hit])
            cuts = np.searchsorted(ends, np.arange(_COMPARED, ends[-1] if len(ends) else 0, _COMPARED))
            for part in np.split(hit, np.unique(cuts)):
                number = counts[part]
                before = np.cumsum(number) - number
                places = np.repeat(starts[keys[part]] - before, number) + np.arange(number.sum())
                yield np.repeat(part // len(flips), number), order[places]


def _close(
    words: npt.NDArray[np.uint64],
    queries: npt.NDArray[np.uint64],
    rows: npt.NDArray[np.int64],
    found: npt.NDArray[np.int64],
    radius: int,
) -> Iterator[npt.NDArray[np.int64]]:
    """Of queries and words, as one number a pair, those that are near enough."""
    near = np.bitwise_count(queries[rows] ^ words[found]) <= radius
    if near.any():
        yield rows[near] * len(words) + found[near]


def _bits(words: npt.NDArray[np.uint64], low: int, high: int) -> npt.NDArray[np.int64]:
    """The bits from `low` up to `high` of each word, as numbers."""
    return ((words >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)).astype(np.int64)


def _flips(width: int, reach: int) -> npt.NDArray[np.int64]:
    """All ways to change up to `reach` of `width` bits, each to be combined by exclusive or."""
    ways = [sum(1 << bit for bit in bits) for count in range(reach + 1) for bits in combinations(range(width), count)]
    return np.array(ways, dtype=np.int64)
