"""What is worth knowing of answers of several labels a picture."""

from __future__ import annotations

from collections.abc import Sequence

from striate.evaluation.findings import Finding
from striate.evaluation.label_scores import MultiLabelScores
from striate.evaluation.metrics import wilson_interval

FEW = 10
"""Pictures with a label: with fewer, what is measured of it is luck."""

NAMED = 5
"""So many labels are named in a sentence."""


def judge_label_scores(scores: MultiLabelScores, split: str, *, remedy: str) -> tuple[Finding, ...]:
    """Labels that are hardly found, and those that too few pictures have to tell.

    Average precision of answers at random is the share of pictures with the label. A label counts as hardly found where its average
    precision does not reach the upper end of that share's 95 % interval.

    Args:
        scores: What was measured.
        split: Where: `val`, `test`...
        remedy: What to do about a label that is hardly found: a clause.
    """
    enough = [row for row in scores.per_class if row.support >= FEW]
    lost = [
        row
        for row in enough
        if (row.average_precision or 0.0) <= wilson_interval(row.support, scores.count)[1]
        and row.support < scores.count
    ]
    findings = []
    if lost:
        told = ", ".join(
            f"{row.name!r} (average precision {row.average_precision:.3f}, {row.support / scores.count:.3f} by chance)"
            for row in lost[:NAMED]
        )
        more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
        findings.append(Finding(f"hardly found on {split}: {told}{more}; {remedy}", "warning"))
    if few := [row.name for row in scores.per_class if row.support < FEW]:
        findings.append(
            Finding(
                f"fewer than {FEW} pictures of {split} have {_listed(few)}: what is measured of "
                f"{'it' if len(few) == 1 else 'them'} is mostly luck"
            )
        )
    return tuple(findings)


def _listed(names: Sequence[str]) -> str:
    noun = "the label" if len(names) == 1 else "the labels"
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{noun} {', '.join(map(repr, names[:NAMED]))}{more}"
