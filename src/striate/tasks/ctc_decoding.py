"""From logits at every place of a line to strings: what connectionist temporal classification says, greedily and by prefixes.

Of many lines strings are rows of places in the alphabet, filled up with `END`.

At each place a sign is said, or the blank, which is logit 0; sign k of the alphabet is logit k + 1. A path is what is said at all
places; its string is that without repetitions and then without blanks, so that many paths say the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError

BLANK = 0
"""Its logit."""

END, UNKNOWN = -1, -2
"""In rows of strings: that one has ended, and a sign that is not in the alphabet."""

NEGLIGIBLE = 20.0
"""Nats: a beam passes over signs that are so much less probable than the most probable one of a place."""

Signs = tuple[int, ...]
"""Places in the alphabet."""

Strings = npt.NDArray[np.integer[Any]]
"""(n, longest): places in the alphabet, a row a string, filled up with `END`."""


def places_needed(signs: Sequence[int]) -> int:
    """The fewest places in which a string can be said: one a sign, and a blank between two that are the same.

    Example:
        >>> places_needed([3, 1, 1]), places_needed([])
        (4, 0)

    Source: Graves, Fernandez, Gomez and Schmidhuber 2006, Connectionist Temporal Classification, section 3.1.
    """
    return len(signs) + sum(one == other for one, other in pairwise(signs))


def collapsed(path: Sequence[int]) -> Signs:
    """The string that a path says.

    Args:
        path: A logit's place for each place of the line.

    Example:
        >>> collapsed([0, 2, 2, 0, 2, 1])
        (1, 1, 0)
    """
    said = [one for one, before in zip(path, [BLANK, *path], strict=False) if one not in (before, BLANK)]
    return tuple(int(one) - 1 for one in said)


def decode_greedily(logits: npt.NDArray[np.floating[Any]]) -> list[Signs]:
    """The string of each line's most probable path, which need not be its most probable string.

    Args:
        logits: (n, T, signs and the blank); probabilities and their logarithms give the same.

    Source: Graves et al. 2006, section 3.2, best path decoding.
    """
    return [collapsed(path) for path in logits.argmax(axis=2).tolist()]


def greedy_strings(scores: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.int32]:
    """(n, T) the same as `decode_greedily`, as rows filled up with `END`.

    Example:
        >>> greedy_strings(np.array([[[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]])).tolist()
        [[0, 0, -1]]
    """
    path = scores.argmax(axis=2)
    said = path != BLANK
    said[:, 1:] &= path[:, 1:] != path[:, :-1]
    strings = np.full(path.shape, END, np.int32)
    rows, places = np.nonzero(said)
    strings[rows, (np.cumsum(said, axis=1) - 1)[rows, places]] = path[rows, places] - 1
    return strings


def rows_of(strings: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
    """Strings as rows filled up with `END`, one place wide at least.

    Example:
        >>> rows_of([(2, 1), ()]).tolist()
        [[2, 1], [-1, -1]]
    """
    rows = np.full((len(strings), max(map(len, strings), default=0) or 1), END, np.int32)
    for row, string in zip(rows, strings, strict=True):
        row[: len(string)] = string
    return rows


def same_strings(one: Strings, other: Strings) -> npt.NDArray[np.bool_]:
    """(n,) where the strings are equal, however far they are filled up; unknown signs equal nothing."""
    width = max(one.shape[1], other.shape[1])
    one, other = (np.pad(rows, ((0, 0), (0, width - rows.shape[1])), constant_values=END) for rows in (one, other))
    return np.asarray(((one == other) & (one != UNKNOWN)).all(axis=1))


def log_probability(log_probabilities: npt.NDArray[np.floating[Any]], strings: Strings) -> npt.NDArray[np.float64]:
    """(n,) the logarithm of each string's probability in its line: the sum over all paths that say it.

    Args:
        log_probabilities: (n, T, signs and the blank), each last axis logarithms of probabilities that sum to 1.
        strings: n rows.

    Example:
        >>> even = np.log(np.full((1, 2, 2), 0.5))
        >>> np.exp(log_probability(even, np.array([[0]]))).round(3), np.exp(log_probability(even, np.array([[END]]))).round(3)
        (array([0.75]), array([0.25]))

    Source: Graves et al. 2006, Eq. 5 to 8.
    """
    count, places = log_probabilities.shape[:2]
    states = np.zeros((count, 2 * strings.shape[1] + 1), np.int64)  # a blank before, between and after the signs
    states[:, 1::2] = np.where(strings >= 0, strings + 1, BLANK)
    lengths = (strings != END).sum(axis=1)
    unknown = (strings == UNKNOWN).any(axis=1)
    leap = np.zeros(states.shape, bool)  # from one sign to another without a blank
    leap[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
    paths = np.full(states.shape, -np.inf)
    scores = np.asarray(log_probabilities, np.float64)
    rows = np.arange(count)[:, None]
    with np.errstate(invalid="ignore"):
        paths[:, :2] = scores[rows, 0, states[:, :2]]
        for place in range(1, places):
            longer = paths.copy()
            longer[:, 1:] = np.logaddexp(longer[:, 1:], paths[:, :-1])
            longer[:, 2:] = np.logaddexp(longer[:, 2:], np.where(leap[:, 2:], paths[:, :-2], -np.inf))
            paths = longer + scores[rows, place, states]
    row = np.arange(count)
    before = np.where(lengths > 0, paths[row, np.maximum(2 * lengths - 1, 0)], -np.inf)
    total = np.logaddexp(paths[row, 2 * lengths], before)
    return np.asarray(np.where(unknown, -np.inf, np.minimum(total, 0.0)))


def decode_by_prefixes(
    log_probabilities: npt.NDArray[np.floating[Any]], *, width: int = 16
) -> list[tuple[Signs, float]]:
    """The most probable strings of a line, with the logarithms of their probabilities, the best first.

    At each place the `width` most probable beginnings are kept; where that is all there are, strings and probabilities are exact, but
    for signs that are `NEGLIGIBLE`.

    Args:
        log_probabilities: (T, signs and the blank), each row a logarithm of probabilities that sum to 1.
        width: At least 1.

    Raises:
        UsageError: The width is below 1.

    Source: Graves et al. 2006, section 3.2, prefix search; here without its sections, and with a beam.
    """
    if width < 1:
        raise UsageError(f"a beam keeps at least 1 beginning, got {width}")
    # Of each beginning: the logarithm of the probability that it was said and a blank came last, or its last sign.
    beams: dict[Signs, tuple[float, float]] = {(): (0.0, -np.inf)}
    for row in np.asarray(log_probabilities, np.float64):
        longer: dict[Signs, list[float]] = {}
        signs = np.flatnonzero(row[1:] > row.max() - NEGLIGIBLE)  # of thousands few are likely anywhere
        likely = list(zip(signs.tolist(), row[1:][signs].tolist(), strict=True))
        for prefix, (blank, sign) in beams.items():
            total = _total((blank, sign))
            _add(longer, prefix, 0, total + row[BLANK])
            if prefix:
                _add(longer, prefix, 1, sign + row[prefix[-1] + 1])
            for place, more in likely:
                # The same sign once more is a new one only after a blank.
                before = blank if prefix and prefix[-1] == place else total
                _add(longer, (*prefix, place), 1, before + more)
        possible = (prefix for prefix, both in longer.items() if max(both) > -np.inf)
        best = sorted(possible, key=lambda prefix: _total(longer[prefix]), reverse=True)[:width]
        beams = {prefix: (longer[prefix][0], longer[prefix][1]) for prefix in best}
    return [(prefix, _total(both)) for prefix, both in beams.items()]


def _add(beams: dict[Signs, list[float]], prefix: Signs, ending: int, log_probability: float) -> None:
    both = beams.setdefault(prefix, [-np.inf, -np.inf])
    both[ending] = float(np.logaddexp(both[ending], log_probability))


def _total(both: Sequence[float]) -> float:
    """Of either ending."""
    return float(np.logaddexp(both[0], both[1]))
