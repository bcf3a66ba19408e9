"""How far strings are from the right ones: aligned sign by sign, the character error rate, and how many are right as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from striate.errors import UsageError
from striate.evaluation.metrics import wilson_interval

Pair = tuple[str | None, str | None]
"""A right sign and what was read in its place; None where nothing was read, or where there is nothing."""


def align(truth: str, read: str) -> tuple[Pair, ...]:
    """Both strings beside each other, with as few differences as there can be.

    Of several ways the one that keeps pairs together and has what is missing or too much as late as possible.

    Example:
        >>> align("1203", "1303")
        (('1', '1'), ('2', '3'), ('0', '0'), ('3', '3'))
        >>> align("122", "12")
        (('1', '1'), ('2', '2'), ('2', None))

    Source: Levenshtein 1966, Binary codes capable of correcting deletions, insertions and reversals.
    """
    costs = np.empty((len(truth) + 1, len(read) + 1), np.int64)
    costs[:, -1] = np.arange(len(truth), -1, -1)
    costs[-1] = np.arange(len(read), -1, -1)
    for row in range(len(truth) - 1, -1, -1):
        for column in range(len(read) - 1, -1, -1):
            both = costs[row + 1, column + 1] + (truth[row] != read[column])
            costs[row, column] = min(both, costs[row + 1, column] + 1, costs[row, column + 1] + 1)
    pairs: list[Pair] = []
    row = column = 0
    while row < len(truth) or column < len(read):
        here = costs[row, column]
        inside = row < len(truth) and column < len(read)
        if inside and here == costs[row + 1, column + 1] + (truth[row] != read[column]):
            pairs.append((truth[row], read[column]))
            row, column = row + 1, column + 1
        elif row < len(truth) and here == costs[row + 1, column] + 1:
            pairs.append((truth[row], None))
            row += 1
        else:
            pairs.append((None, read[column]))
            column += 1
    return tuple(pairs)


def distance(truth: str, read: str) -> int:
    """How many signs are to be changed, added or taken away to make one string of the other.

    Example:
        >>> distance("1203", "133"), distance("", "7")
        (2, 1)
    """
    return sum(one != other for one, other in align(truth, read))


@dataclass(frozen=True)
class StringScores:
    """How good the answers to some lines are."""

    count: int
    """Lines."""
    right: int
    """Read right as a whole."""
    signs: int
    """Of the right strings, together."""
    exchanged: int
    missing: int
    extra: int

    @property
    def sequence_accuracy(self) -> float:
        """The share of lines that are right as a whole."""
        return self.right / self.count

    @property
    def sequence_accuracy_interval(self) -> tuple[float, float]:
        """Of it, 95 % (Wilson)."""
        return wilson_interval(self.right, self.count)

    @property
    def character_error_rate(self) -> float:
        """Signs exchanged, missing and too many, for each sign there is; above 1 where more are wrong than there are."""
        return (self.exchanged + self.missing + self.extra) / max(1, self.signs)

    def to_dict(self) -> dict[str, Any]:
        """All figures, JSON-ready."""
        return {
            "count": self.count,
            "sequence_accuracy": self.sequence_accuracy,
            "sequence_accuracy_interval": list(self.sequence_accuracy_interval),
            "character_error_rate": self.character_error_rate,
            "signs": self.signs,
            "exchanged": self.exchanged,
            "missing": self.missing,
            "extra": self.extra,
        }


def score_strings(truths: Sequence[str], read: Sequence[str]) -> StringScores:
    """What the answers come to.

    Args:
        truths: n right strings, at least one.
        read: n answers.

    Raises:
        UsageError: There are none, or not as many of each.

    Example:
        >>> score_strings(["123", "44"], ["123", "4"]).character_error_rate
        0.2
    """
    if not truths or len(truths) != len(read):
        raise UsageError(
            f"scores need as many answers as right strings, at least one; got {len(truths)} and {len(read)}"
        )
    pairs = [pair for truth, answer in zip(truths, read, strict=True) for pair in align(truth, answer)]
    return StringScores(
        count=len(truths),
        right=sum(truth == answer for truth, answer in zip(truths, read, strict=True)),
        signs=sum(map(len, truths)),
        exchanged=sum(one is not None and other is not None and one != other for one, other in pairs),
        missing=sum(other is None for _, other in pairs),
        extra=sum(one is None for one, _ in pairs),
    )
