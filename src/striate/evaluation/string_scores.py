"""How good strings are that were read: all figures of a split, sign by sign and by the length of the right string."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError
from striate.evaluation.label_scores import label_reliability
from striate.evaluation.metrics import wilson_interval
from striate.evaluation.string_errors import Pair, align
from striate.wording import percent, plural

NOTHING = ""
"""What stands in a confusion for no sign: nothing was read in a sign's place, or there is none where one was read."""

MOST_CONFUSIONS = 200
"""Confusions that are kept, the most frequent ones."""

EPSILON = 1e-300
"""A less probable string counts as if it were as probable as that."""


@dataclass(frozen=True)
class SignScores:
    """How one sign of the alphabet is read."""

    name: str
    support: int
    """How often it is in the right strings."""
    right: int
    """How often it was read there."""
    read: int
    """How often it was read at all."""
    taken_for: str
    """What it was most often taken for: another sign, or nothing; nothing also where it never was."""
    taken: int
    """How often."""


@dataclass(frozen=True)
class LengthScores:
    """How right strings of one length are read."""

    length: int
    count: int
    """Lines."""
    right: int
    """Read right as a whole."""
    errors: int
    """Signs exchanged, missing or too many."""


@dataclass(frozen=True)
class StringReadingScores:
    """Everything `score_reading` measures."""

    count: int  # lines
    accuracy: float  # share of lines that are read right as a whole: the sequence accuracy
    accuracy_interval: tuple[float, float]  # 95 %, Wilson
    character_error_rate: float  # signs exchanged, missing or too many, for each that there is
    signs: int  # of the right strings, together
    exchanged: int
    missing: int
    extra: int
    read_as_nothing: int  # lines of one sign or more in which none was read
    log_loss: float  # nats a line, of the right string over all paths that say it
    expected_calibration_error: float  # of the strings that were read, by their probability
    per_sign: tuple[SignScores, ...]
    by_length: tuple[LengthScores, ...]
    confusions: tuple[tuple[str, str, int], ...]  # right sign, what was read, how often; the most frequent first

    def headline(self) -> dict[str, Any]:
        """The single figures alone, JSON-ready."""
        tables = ("per_sign", "by_length", "confusions")
        counts = ("signs", "exchanged", "missing", "extra", "read_as_nothing")
        figures = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in (*tables, *counts)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in figures.items()}

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON types; `from_dict` takes them back."""
        counts = {name: getattr(self, name) for name in ("signs", "exchanged", "missing", "extra", "read_as_nothing")}
        return {
            **self.headline(),
            **counts,
            "per_sign": [asdict(row) for row in self.per_sign],
            "by_length": [asdict(row) for row in self.by_length],
            "confusions": [list(row) for row in self.confusions],
        }

    @classmethod
    def from_dict(cls, figures: Mapping[str, Any]) -> StringReadingScores:
        """The scores that `to_dict` wrote.

        Raises:
            UsageError: If a key is missing or unknown.
        """
        try:
            tables = {
                "accuracy_interval": tuple(figures["accuracy_interval"]),
                "per_sign": tuple(SignScores(**row) for row in figures["per_sign"]),
                "by_length": tuple(LengthScores(**row) for row in figures["by_length"]),
                "confusions": tuple((str(one), str(other), int(often)) for one, other, often in figures["confusions"]),
            }
            return cls(**{**figures, **tables})
        except (TypeError, KeyError, ValueError) as error:
            raise UsageError(f"these are no scores of strings that were read: {error}") from error

    @property
    def further_intervals(self) -> dict[str, list[float]]:
        """None: what intervals there are is among the figures."""
        return {}

    def facts(self, *, many: str = "pictures") -> list[tuple[str, str]]:
        """The single figures as names and values, for people; several of what was given are called `many`."""
        low, high = self.accuracy_interval
        wrong = f"{self.exchanged:,} exchanged, {self.missing:,} missing, {self.extra:,} too many, of {plural(self.signs, 'sign')}"
        rows = [
            ("sequence accuracy", f"{self.accuracy:.2%} (95 % interval {low:.1%} to {high:.1%})"),
            ("character error rate", f"{self.character_error_rate:.2%}: {wrong}"),
            ("log loss", f"{self.log_loss:.4f}"),
            ("calibration error", percent(self.expected_calibration_error, space="")),
        ]
        if self.read_as_nothing:
            rows.insert(2, ("read as nothing", f"{self.read_as_nothing:,} of {self.count:,} {many}"))
        return rows

    def table(self, *, many: str = "pictures") -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        """The columns' names, and a row a sign, for people."""
        columns = ("sign", "there", "right", "read", "recall", "most often taken for")
        rows: list[tuple[str, ...]] = [
            (
                shown_sign(row.name),
                f"{row.support:,}",
                f"{row.right:,}",
                f"{row.read:,}",
                f"{row.right / row.support:.3f}" if row.support else "–",
                f"{shown_sign(row.taken_for)} ({row.taken:,})" if row.taken else "–",
            )
            for row in self.per_sign
        ]
        return columns, rows

    def lines(self, width: int | None) -> list[str]:
        """The errors by the length of the right string."""
        return [
            f"of length {row.length}: {row.right:,} of {row.count:,} right"
            + (f", character error rate {row.errors / (row.length * row.count):.2%}" if row.length else "")
            for row in self.by_length
        ]


def shown_sign(sign: str) -> str:
    """A sign for people, where no sign and a space must show too.

    Example:
        >>> shown_sign("7"), shown_sign(" "), shown_sign("")
        ('7', 'a space', 'nothing')
    """
    return {NOTHING: "nothing", " ": "a space"}.get(sign, sign)


def score_reading(
    truths: Sequence[str],
    read: Sequence[str],
    alphabet: Sequence[str],
    *,
    of_truth: npt.NDArray[np.floating[Any]],
    of_read: npt.NDArray[np.floating[Any]],
) -> StringReadingScores:
    """What the answers to some lines come to.

    Args:
        truths: n right strings, one at least.
        read: n answers.
        alphabet: The signs that can be read.
        of_truth: (n,) the logarithms of the right strings' probabilities.
        of_read: (n,) those of the answers'.

    Raises:
        UsageError: There is no line, or not as many of each.

    Example:
        >>> no = np.zeros(2)
        >>> scores = score_reading(["12", "1"], ["12", ""], ["1", "2"], of_truth=no, of_read=no)
        >>> scores.accuracy, round(scores.character_error_rate, 3), scores.per_sign[0].taken_for, scores.read_as_nothing
        (0.5, 0.333, '', 1)
    """
    if not truths or len({len(truths), len(read), len(of_truth), len(of_read)}) > 1:
        raise UsageError(
            f"scores need as many answers as right strings, at least one; got {len(truths)} and {len(read)}"
        )
    pairs = [align(truth, answer) for truth, answer in zip(truths, read, strict=True)]
    counts = Counter(pair for one in pairs for pair in one)
    right = np.array([truth == answer for truth, answer in zip(truths, read, strict=True)])
    exchanged, missing, extra = _errors(counts)
    signs = sum(map(len, truths))
    bins = label_reliability(np.exp(np.asarray(of_read, np.float64))[:, None].clip(0, 1), right[:, None])
    return StringReadingScores(
        count=len(truths),
        accuracy=float(right.mean()),
        accuracy_interval=wilson_interval(int(right.sum()), len(truths)),
        character_error_rate=(exchanged + missing + extra) / max(1, signs),
        signs=signs,
        exchanged=exchanged,
        missing=missing,
        extra=extra,
        read_as_nothing=sum(bool(truth) and not answer for truth, answer in zip(truths, read, strict=True)),
        log_loss=float(-np.maximum(of_truth, np.log(EPSILON)).mean()),
        expected_calibration_error=sum(one.count * abs(one.accuracy - one.confidence) for one in bins) / len(truths),
        per_sign=tuple(_sign_scores(sign, counts) for sign in alphabet),
        by_length=_by_length(truths, pairs, right),
        confusions=tuple(
            (one or NOTHING, other or NOTHING, often)
            for (one, other), often in sorted(counts.items(), key=lambda row: (-row[1], str(row[0])))
            if one != other
        )[:MOST_CONFUSIONS],
    )


def _errors(counts: Mapping[Pair, int]) -> tuple[int, int, int]:
    """Exchanged, missing, too many."""
    exchanged = sum(often for (one, other), often in counts.items() if None not in (one, other) and one != other)
    missing = sum(often for (_, other), often in counts.items() if other is None)
    return exchanged, missing, sum(often for (one, _), often in counts.items() if one is None)


def _sign_scores(sign: str, counts: Mapping[Pair, int]) -> SignScores:
    wrong = {other: often for (one, other), often in counts.items() if one == sign != other}
    taken_for = max(wrong, key=lambda other: (wrong[other], str(other)), default=None)
    return SignScores(
        name=sign,
        support=sum(often for (one, _), often in counts.items() if one == sign),
        right=counts.get((sign, sign), 0),
        read=sum(often for (_, other), often in counts.items() if other == sign),
        taken_for=taken_for or NOTHING,
        taken=wrong.get(taken_for, 0),
    )


def _by_length(
    truths: Sequence[str], pairs: Sequence[Sequence[Pair]], right: npt.NDArray[np.bool_]
) -> tuple[LengthScores, ...]:
    lengths = np.array([len(truth) for truth in truths])
    errors = np.array([sum(one != other for one, other in line) for line in pairs])
    return tuple(
        LengthScores(
            length,
            int((lengths == length).sum()),
            int(right[lengths == length].sum()),
            int(errors[lengths == length].sum()),
        )
        for length in np.unique(lengths).tolist()
    )
