"""What is worth knowing of strings that were read."""

from __future__ import annotations

from striate.evaluation.findings import Finding
from striate.evaluation.string_scores import StringReadingScores, shown_sign

FEW = 10
"""Times that a sign is there: with fewer, what is measured of it is luck."""

NAMED = 5
"""So many signs are named in a sentence."""


def judge_reading(scores: StringReadingScores, split: str, *, remedy: str, many: str) -> tuple[Finding, ...]:
    """Whether it reads at all, which signs are right less often than not, and which are too rare to tell.

    Args:
        scores: What was measured.
        split: Where: `val`, `test`...
        remedy: What to do about what is hardly read: a clause.
        many: What several of what was given are called.
    """
    findings = []
    if scores.read_as_nothing > scores.count / 2:
        said = f"{scores.read_as_nothing:,} of {scores.count:,} {many} of {split} are read as nothing: it says blanks alone"
        findings.append(Finding(f"{said}; {remedy}", "warning"))
    elif scores.signs and scores.character_error_rate >= 0.5:
        said = (
            f"half of the signs of {split} or more are wrong (character error rate {scores.character_error_rate:.1%})"
        )
        findings.append(Finding(f"{said}; {remedy}", "warning"))
    else:
        lost = [row for row in scores.per_sign if row.support >= FEW and row.right < row.support / 2]
        if lost:
            told = ", ".join(f"{shown_sign(row.name)!r} ({row.right:,} of {row.support:,})" for row in lost[:NAMED])
            more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
            findings.append(Finding(f"hardly read on {split}: {told}{more}; {remedy}", "warning"))
    if few := [row for row in scores.per_sign if 0 < row.support < FEW]:
        names = ", ".join(repr(shown_sign(row.name)) for row in few[:NAMED])
        more = f" and {len(few) - NAMED} more" if len(few) > NAMED else ""
        noun = "the sign" if len(few) == 1 else "the signs"
        findings.append(
            Finding(
                f"fewer than {FEW} times {split} has {noun} {names}{more}: what is measured of "
                f"{'it' if len(few) == 1 else 'them'} is mostly luck"
            )
        )
    return tuple(findings)
