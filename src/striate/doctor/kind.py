"""What a kind of finding is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from striate.doctor.audit import Audit
from striate.doctor.finding import Finding

LOOK, RENAME = "look", "rename"
"""What a list of fixes proposes, besides `EXCLUDE`, which `striate train --exclude` goes by."""


@dataclass(frozen=True)
class Seen:
    """What a kind's search found once: which rows, and what its wording names.

    Attributes:
        rows: Of the data set's pictures; of what belongs together the one to keep first.
        figure: What was measured.
        named: What the wording names besides `figure`.
        classes: Which classes are meant, where no picture is.
        folders: Which folders are meant, where no picture is.
    """

    rows: tuple[int, ...] = ()
    figure: float | None = None
    named: Mapping[str, object] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """A row of `striate.doctor.KINDS`.

    Attributes:
        name: In JSON and in lists of fixes.
        title: For people.
        fault: Whether pictures or labels are at fault, so that `striate check` ends with exit code 3; otherwise it is a note.
        measures: What is measured, and from where on it is found: a sentence.
        wording: What is said of one, as `str.format` takes it: `figure` and what the search names.
        search: What finds them.
        action: What a list of fixes proposes to do.
        spares_first: Whether that leaves the first picture of each finding alone.
    """

    name: str
    title: str
    fault: bool
    measures: str
    wording: str
    search: Callable[[Audit], Iterable[Seen]]
    action: str = LOOK
    spares_first: bool = False

    def findings(self, audit: Audit) -> list[Finding]:
        """All of this kind, in the order of the pictures."""
        return [self._finding(audit, seen) for seen in self.search(audit)]

    def _finding(self, audit: Audit, seen: Seen) -> Finding:
        rows = seen.rows
        return Finding(
            kind=self.name,
            fault=self.fault,
            words=self.wording.format(figure=seen.figure, **seen.named),
            files=tuple(audit.dataset.pictures.key(row) for row in rows) or seen.folders,
            classes=tuple(audit.label_name(row) for row in rows) or seen.classes,
            splits=tuple(audit.split_name(row) for row in rows),
            figure=None if seen.figure is None else float(seen.figure),
        )
