"""What is said of one picture."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from striate.printable_text import printable
from striate.text_layout import wrapped
from striate.wording import probability

SHOWN = 0.0005
"""Of less probable classes no text is made."""


@dataclass(frozen=True)
class Prediction:
    """What the classifier says of one picture; with an error, and nothing else, if it cannot be read."""

    path: str
    label: str | None
    probability: float | None
    """Of the label, in 0..1."""
    top: tuple[tuple[str, float], ...]
    """The most probable classes with their probabilities, the first one first."""
    error: str | None = None

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        if self.error is not None:
            return notebook.block(self.path, notebook.text(self.error))
        return notebook.block(
            self.path,
            notebook.table(
                ("class", "probability"), [(name, probability(share, space="")) for name, share in self.top]
            ),
        )

    def to_text(self, *, width: int | None = None) -> str:
        """The path, the class and its probability, and the other classes that are not all but impossible; or the error."""
        return "\n".join(wrapped(self._line(), width))

    def _line(self) -> str:
        path = printable(self.path)
        if self.error is not None:
            return f"{path}  error: {printable(self.error)}"
        line = f"{path}  {printable(self.label or '')}  {probability(self.probability or 0.0, space='')}"
        others = [
            f"{printable(label)} {probability(share, space='')}" for label, share in self.top[1:] if share >= SHOWN
        ]
        return line + (f"  ({', '.join(others)})" if others else "")

    def to_dict(self) -> dict[str, Any]:
        """The prediction as JSON types."""
        row = asdict(self)
        row["top"] = [{"label": label, "probability": probability} for label, probability in self.top]
        return row
