"""The findings as a list of fixes: a CSV that people edit, and that `striate train --exclude` takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from striate.doctor.finding import Finding
from striate.doctor.kind import Kind
from striate.doctor.kinds import KINDS
from striate.row_writing import FilePath, csv_line

COLUMNS = ("path", "kind", "action", "other_path")


def fix_list(findings: Iterable[Finding]) -> bytes:
    """UTF-8 CSV: a line for each picture that something can be done about, with what is proposed.

    The action is `exclude`, `look` or `rename`. Of copies the first stays, and is the others' `other_path`; of those under two
    labels none does, since nobody can tell here which is right.

    Example:
        >>> findings = [Finding("copies", False, "2 exact copies", ("a/1.png", "a/2.png"), ("a", "a"), ("train", "train"), 2.0)]
        >>> print(fix_list(findings).decode(), end="")
        path,kind,action,other_path
        a/2.png,copies,exclude,a/1.png
    """
    kinds = {kind.name: kind for kind in KINDS}
    lines = [
        COLUMNS,
        *(line for finding in findings if finding.splits for line in _lines(finding, kinds[finding.kind])),
    ]
    return b"".join(map(csv_line, lines))


def _lines(finding: Finding, kind: Kind) -> Iterator[tuple[str | FilePath, ...]]:
    files = finding.files
    for place, path in enumerate(files):
        if place or not kind.spares_first:
            other = files[0] if place else "".join(files[1:2])
            yield FilePath(path), kind.name, kind.action, FilePath(other) if other else ""
