"""Something that was decided for the user, and why: what every verb prints and every run records."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decision:
    """Something that was decided for the user."""

    what: str
    value: str
    why: str
