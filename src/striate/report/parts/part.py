"""What a part of a report is: a title, words, and a fragment of the page that shows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from striate.report.contents import TrainingReport


@dataclass(frozen=True)
class Part:
    """A part that a task names."""

    anchor: str
    """As the task's `parts` have it."""
    title: str
    """In the contents at the page's side."""
    words: Callable[[TrainingReport, Any], Any]
    """What the fragment is given as `words`, of the report and its headline's scores, which are the task's own or None; None where there
    is nothing to tell."""

    @property
    def template(self) -> str:
        """The fragment, among the templates."""
        return f"parts/{self.anchor}.html.j2"
