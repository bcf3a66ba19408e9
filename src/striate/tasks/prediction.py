"""What is said of one picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from striate.errors import UsageError
from striate.printable_text import printable
from striate.text_layout import wrapped
from striate.wording import probability

SHOWN = 0.0005
"""Of less probable classes no text is made."""


def one_decoding(asked: str) -> UsageError:
    """That there are no ways to choose from."""
    return UsageError(
        f"--decoding {asked} is a way to read strings, and this classifier answers with classes; leave it out"
    )


@dataclass(frozen=True)
class Doubt:
    """What a sealed decision rule adds to a prediction; what it does not ask is None."""

    label: str
    """What it decides for: the most probable class, unless mistakes have costs."""
    probability: float
    abstains: bool | None
    """Whether this is better not taken for an answer."""
    reason: str | None
    """Why it abstains."""
    labels: tuple[str, ...] | None
    """Classes among which the true one is as often as promised, the most probable first."""
    unfamiliarity: float | None
    """How unlike the picture is to all that was learnt from: standard deviations from what is usual."""

    def to_dict(self) -> dict[str, Any]:
        """What the rule asks, as JSON types; the label and its probability are the prediction's."""
        told: dict[str, Any] = {}
        if self.abstains is not None:
            told |= {"abstains": self.abstains, "reason": self.reason}
        if self.labels is not None:
            told["set"] = list(self.labels)
        if self.unfamiliarity is not None:
            told["unfamiliarity"] = self.unfamiliarity
        return told

    def to_text(self) -> str:
        """Why it abstains, and the set unless it is the label alone; empty where there is nothing to say."""
        told = [f"abstains: {printable(self.reason)}"] if self.reason else []
        if self.labels is not None and self.labels != (self.label,):
            names = ", ".join(map(printable, self.labels))
            told.append(f"one of {{{names}}}" if self.labels else "no class is probable enough")
        return "; ".join(told)


@dataclass(frozen=True)
class Prediction:
    """What the classifier says of one picture; with an error, and nothing else, if it cannot be read."""

    path: str
    label: str | None
    """Where a picture may have several, all that it has, as a table tells them: `cat|dog`, or empty; of a line the string that is read."""
    probability: float | None
    """Of the answer, in 0..1."""
    top: tuple[tuple[str, float], ...]
    """The most probable classes with their probabilities, the first one first."""
    error: str | None = None
    doubt: Doubt | None = None
    """What the bundle's decision rule adds; None where nothing is sealed."""
    labels: tuple[tuple[str, float], ...] | None = None
    """Where a picture may have several labels: those that it has with their probabilities, the most probable first; else None."""

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        if self.error is not None:
            return notebook.block(self.path, notebook.text(self.error))
        told = self.doubt.to_text() if self.doubt is not None else ""
        return notebook.block(
            self.path,
            notebook.table(
                ("class", "probability"), [(name, probability(share, space="")) for name, share in self.top]
            ),
            *([notebook.text(told)] if told else []),
        )

    def to_text(self, *, width: int | None = None) -> str:
        """The path, the class and its probability, and the other classes that are not all but impossible; or the error."""
        return "\n".join(wrapped(self._line(), width))

    def _line(self) -> str:
        path = printable(self.path)
        if self.error is not None:
            return f"{path}  error: {printable(self.error)}"
        if self.labels is not None:
            named = {label for label, _ in self.labels}
            said = ", ".join(_with_probability(*row) for row in self.labels) or "no label"
            others = [_with_probability(*row) for row in self.top if row[0] not in named and row[1] >= SHOWN]
            line = f"{path}  {said}" + (f"  (not: {', '.join(others)})" if others else "")
            told = self.doubt.to_text() if self.doubt is not None else ""
            return f"{line}  {told}" if told else line
        line = f"{path}  {printable(self.label) if self.label else 'nothing'}  {probability(self.probability or 0.0, space='')}"
        others = [_with_probability(*row) for row in self.top[1:] if row[1] >= SHOWN]
        line += f"  ({', '.join(others)})" if others else ""
        told = self.doubt.to_text() if self.doubt is not None else ""
        return f"{line}  {told}" if told else line

    def to_dict(self) -> dict[str, Any]:
        """The prediction as JSON types."""
        row: dict[str, Any] = {
            "path": self.path,
            "label": self.label,
            "probability": self.probability,
            "top": [{"label": label, "probability": share} for label, share in self.top],
            "error": self.error,
        }
        if self.labels is not None:
            row["labels"] = [{"label": label, "probability": share} for label, share in self.labels]
        return row | (self.doubt.to_dict() if self.doubt is not None else {})


def _with_probability(label: str, share: float) -> str:
    return f"{printable(label) if label else 'nothing'} {probability(share, space='')}"
