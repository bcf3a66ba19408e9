"""What the result of every verb answers, so that a program, a terminal and a notebook can show it."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Result(Protocol):
    """What a verb found or made."""

    def to_dict(self) -> dict[str, Any]:
        """Everything but pictures and long arrays, as JSON types."""

    def to_text(self, *, width: int | None = None) -> str:
        """What matters of it, for people; where `width` columns are given, no word is cut at their end."""

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
