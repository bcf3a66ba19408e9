"""One thing that is wrong with a data set, or worth a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a data set, or worth a look.

    Attributes:
        kind: The name of its row in `striate.doctor.KINDS`.
        fault: Whether the pictures or labels are at fault; otherwise it is a note.
        words: What was found, in a sentence's part that does not name the files.
        files: The pictures' keys: one, or what belongs together (copies), the one to keep first; folders where there is no
            picture; empty where classes are meant.
        classes: Of each file its class; the classes that are meant where there is no file.
        splits: Of each file its split; empty where a picture is in none.
        figure: What was measured, in the kind's unit; None where nothing is.
    """

    kind: str
    fault: bool
    words: str
    files: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    figure: float | None = None

    @property
    def severity(self) -> str:
        """`fault` or `note`."""
        return "fault" if self.fault else "note"

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON types."""
        return {
            "kind": self.kind,
            "severity": self.severity,
            "words": self.words,
            "files": list(self.files),
            "classes": list(self.classes),
            "splits": list(self.splits),
            "figure": self.figure,
        }
