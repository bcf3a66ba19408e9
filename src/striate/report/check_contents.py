"""What a page of findings in data tells, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from striate.report.contents import Picture


@dataclass(frozen=True)
class ShownFile:
    """A file of a finding."""

    path: str
    where: str  # its class and split
    picture: Picture | None  # None: it cannot be read, or is a folder


@dataclass(frozen=True)
class ShownFinding:
    """One finding: a picture, or several side by side that belong together."""

    words: str
    files: Sequence[ShownFile]


@dataclass(frozen=True)
class ShownKind:
    """A kind of finding that there is."""

    name: str
    title: str
    fault: bool
    measures: str
    count: int
    """Of all findings, of which the first are shown."""
    findings: Sequence[ShownFinding]


@dataclass(frozen=True)
class CheckReport:
    """What a look at every picture of a data set showed."""

    title: str
    data: str
    facts: Sequence[str]  # sentences
    kinds: Sequence[ShownKind]
    sound: Sequence[str]  # titles of the kinds of which there is nothing
    command: str
