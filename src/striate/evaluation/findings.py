"""What is worth knowing of a result: a sentence each, and whether it puts the result in doubt."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from striate.evaluation.metrics import ClassScores, Scores, wilson_interval

UNEVEN = 3
"""A class is rare where the commonest one has at least so many times as many pictures."""

LOST_OF_RARE = 0.75
LOST = 0.5
"""A class is lost where less than this share of its pictures is found: of a rare class, which balancing would help, a larger one."""

NAMED_CLASSES = 3
"""So many lost classes get a sentence each."""


@dataclass(frozen=True)
class Finding:
    """Something that is worth knowing of a result."""

    text: str
    """A sentence without its full stop."""
    severity: str = "note"
    """`"warning"` where it puts the result in doubt, else `"note"`."""

    def to_dict(self) -> dict[str, str]:
        """The finding as JSON types."""
        return dataclasses.asdict(self)


def judge_scores(
    scores: Scores,
    split: str,
    *,
    remedy: str,
    balance: str = "none",
    learnt_briefly: bool = False,
    many: str = "pictures",
) -> tuple[Finding, ...]:
    """Whether a classifier is clearly better than one answer for all, and which classes it loses.

    It is clearly better where the 95 % interval of its accuracy lies above the commonest class's share; or where its accuracy does, and
    its balanced accuracy is surely above that of one answer, by the intervals of the classes' recalls. A class is lost where few of
    its pictures are found, and clearly fewer than of all the others.

    Args:
        scores: What was measured.
        split: Where it was measured: `val`, `test`...
        remedy: What to do about a classifier that has learnt next to nothing: a clause.
        balance: How training made up for uneven classes: `"none"`, `"loss"` or `"sampler"`.
        learnt_briefly: Whether training was so short that classes are lost for that alone.
        many: What several of what was given are called.

    Example:
        >>> from striate.evaluation import score
        >>> probabilities = np.repeat([[0.6, 0.4]], 10, axis=0)  # always a cat
        >>> scores = score(probabilities, np.array([0] * 6 + [1] * 4), ["cat", "dog"])
        >>> (finding,) = judge_scores(scores, "val", remedy="train longer")
        >>> finding.text[:66], finding.severity
        ('60.0% right on the 10 pictures of val is not clearly better than o', 'warning')
    """
    chance = _compare_with_commonest(scores, split, remedy, many)
    lost = _find_lost_classes(
        scores, split, balance=balance, at_chance=bool(chance), learnt_briefly=learnt_briefly, many=many
    )
    return (*chance, *lost)


def _compare_with_commonest(scores: Scores, split: str, remedy: str, many: str) -> tuple[Finding, ...]:
    """The accuracy beside the share that always answering the commonest class would get right."""
    present = [row for row in scores.per_class if row.support]
    commonest = max(present, key=lambda row: row.support)
    share = commonest.support / scores.count
    low, high = scores.accuracy_interval
    if len(present) < 2 or low > share:
        return ()
    said = (
        f"{scores.accuracy:.1%} right on the {scores.count:,} {many} of {split} is not clearly better than one answer for all: "
        f"always {commonest.name!r} is right on {share:.1%} (95 % interval of the accuracy {low:.1%} to {high:.1%})"
    )
    least = float(np.mean([wilson_interval(_found(row), row.support)[0] for row in present]))
    if least > 1 / len(present):  # surely above what one answer gives, even if every class fares as badly as it may
        if scores.accuracy > share:
            return ()
        apart = (
            f"balanced accuracy {scores.balanced_accuracy:.1%}, where one answer for all gives {1 / len(present):.1%}"
        )
        return (Finding(f"{said}; it does tell the classes apart: {apart}"),)
    if scores.accuracy - share > (scores.accuracy - low) / 2:  # it may well be better, and too few pictures tell
        remedy = f"more {many} in {split} would tell; {remedy}"
    return (Finding(f"{said}; {remedy}", "warning"),)


def _find_lost_classes(
    scores: Scores, split: str, *, balance: str, at_chance: bool, learnt_briefly: bool, many: str
) -> tuple[Finding, ...]:
    """The classes that are lost, the worst first; of even classes only where the others are not lost as well."""
    most = max(row.support for row in scores.per_class)
    lost = []
    for row in sorted((row for row in scores.per_class if row.support), key=lambda row: (row.recall, row.name)):
        rare = row.support * UNEVEN <= most
        others = scores.count - row.support
        if not others or row.recall >= (LOST_OF_RARE if rare else LOST) or (at_chance and not rare):
            continue
        elsewhere = (int(scores.confusion_matrix.trace()) - _found(row)) / others
        if wilson_interval(_found(row), row.support)[1] < elsewhere:
            lost.append((row, rare, elsewhere))
    said = [
        Finding(
            f"{_describe_lost(scores, split, row, elsewhere, many)}; "
            f"{_remedy_for_lost(scores, row, balance if rare else None, learnt_briefly, many)}",
            "warning",
        )
        for row, rare, elsewhere in lost[:NAMED_CLASSES]
    ]
    if left := [row.name for row, _, _ in lost[NAMED_CLASSES:]]:
        names = ", ".join(repr(name) for name in left[:NAMED_CLASSES]) + (", ..." if len(left) > NAMED_CLASSES else "")
        said.append(Finding(f"{len(left):,} more classes are lost like that: {names}", "warning"))
    return tuple(said)


def _describe_lost(scores: Scores, split: str, row: ClassScores, elsewhere: float, many: str) -> str:
    """One lost class: its recall, and what it is taken for."""
    place = scores.per_class.index(row)
    called = scores.confusion_matrix[place].copy()
    called[place] = 0
    low, high = wilson_interval(_found(row), row.support)
    return (
        f"of class {row.name!r} only {_found(row):,} of {row.support:,} {many} of {split} are found: recall {row.recall:.1%} "
        f"(95 % interval {low:.1%} to {high:.1%}), where the other classes have {elsewhere:.1%}; "
        f"it is mostly taken for {scores.per_class[int(called.argmax())].name!r}"
    )


def _remedy_for_lost(scores: Scores, row: ClassScores, balance: str | None, learnt_briefly: bool, many: str) -> str:
    """What to do about a lost class; `balance` is None where the classes are even."""
    if learnt_briefly:
        return "training was short: train longer before anything else (--epochs, --time-limit)"
    if balance is None:
        return f"look at {many} and labels of both"
    commonest = max(other.support for other in scores.per_class)
    rare = f"it is {commonest / row.support:.3g} times as rare as the commonest class"
    if balance == "none":
        return f"{rare}: train with --balance loss or --balance sampler, or add {many} of it"
    return f"{rare}, and --balance {balance} did not make up for that: add {many} of it"


def _found(row: ClassScores) -> int:
    """How many of a class's pictures were called so."""
    return round(row.recall * row.support)
