"""What the degradation experiment found, and what that says."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.text_layout import table, wrapped
from striate.wording import percent, plural

PICTURE = "depth.png"
COLUMNS = ("network", "parameters", "training error", "validation error")
STANDARD_ERRORS = 2.0
"""Two errors differ if they are further apart than this many standard errors of their difference."""
LITTLE = 0.1
"""A residual network is spared if depth raises its error by at most this share of what it does to the plain one's."""


@dataclass(frozen=True)
class DepthResult:
    """What depth did to the plain networks and to the residual ones.

    Every error is a share in 0..1 of the last epoch that all networks have ended: training error over the pictures as they
    were learnt, augmented; validation error after it.
    """

    folder: Path
    networks: tuple[NetworkRow, ...]
    epochs: int
    training_pictures: int
    validation_pictures: int
    plain_gap: float
    """How much higher the deep plain network's training error is than the shallow one's; 0 where chance could explain it."""
    residual_gap: float
    """The same of the residual ones."""
    verdict: str
    """In words."""

    @property
    def shown(self) -> bool:
        """Whether depth raised the plain network's training error, and the residual one's not, or a tenth of that at most."""
        return is_spared(self.plain_gap, self.residual_gap)

    @property
    def picture(self) -> Path:
        """The curves and the gradients."""
        return self.folder / PICTURE

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        rows = [
            (
                row.name,
                f"{row.parameters:,}",
                percent(row.train_error),
                "–" if row.val_error is None else percent(row.val_error),
            )
            for row in self.networks
        ]
        parts = [notebook.text(self.verdict), notebook.table(COLUMNS, rows)]
        if self.picture.is_file():
            parts.append(notebook.picture(self.picture.read_bytes(), said="errors and gradients"))
        return notebook.block(f"Depth, after {self.epochs} epochs", *parts)

    def to_text(self, *, width: int | None = None) -> str:
        """A row a network, the verdict, and where the picture is."""
        rows = [
            (
                row.name,
                f"{row.parameters:,}",
                f"{row.train_error:.2%}",
                "" if row.val_error is None else f"{row.val_error:.2%}",
            )
            for row in self.networks
        ]
        after = f"after {plural(self.epochs, 'epoch')}, "
        said = [
            f"{after}{self.training_pictures:,} training and {self.validation_pictures:,} validation pictures",
            "",
            self.verdict,
            "",
            f"picture   {self.picture}",
        ]
        return "\n".join([*table(COLUMNS, rows, width=width), *wrapped("\n".join(said), width)])

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        return dataclasses.asdict(self) | {
            "folder": str(self.folder),
            "picture": str(self.picture),
            "shown": self.shown,
        }


@dataclass(frozen=True)
class NetworkRow:
    """One network at the end."""

    name: str
    residual: bool
    deep: bool
    parameters: int
    train_error: float
    val_error: float | None
    """None without validation pictures."""


def judge(shallow: float, deep: float, *, pictures: int) -> float:
    """How much depth raised an error, in 0..1, negative where it lowered it; 0 where chance alone could have done it.

    Args:
        shallow: The shallow network's error, in 0..1.
        deep: The deep one's.
        pictures: How many pictures each is measured on.

    Example:
        >>> [round(judge(0.02, deep, pictures=1000), 2) for deep in (0.70, 0.021, 0.0)]
        [0.68, 0.0, -0.02]
    """
    deviation = math.sqrt((shallow * (1 - shallow) + deep * (1 - deep)) / pictures)
    return deep - shallow if abs(deep - shallow) > STANDARD_ERRORS * deviation else 0.0


def is_spared(plain_gap: float, residual_gap: float) -> bool:
    """Whether depth raised the plain network's error, and the residual one's not, or by little in comparison."""
    return plain_gap > 0 and residual_gap <= LITTLE * plain_gap


def describe_verdict(rows: Sequence[NetworkRow], plain_gap: float, residual_gap: float) -> str:
    """The outcome in two sentences, and what to try where the effect did not show."""

    def told(gap: float, shallow: NetworkRow, deep: NetworkRow) -> str:
        to = f"from {percent(shallow.train_error)} ({shallow.name}) to {percent(deep.train_error)} ({deep.name})"
        if gap == 0:
            return f"makes no difference that could be told from chance: {to}"
        return f"{'raises' if gap > 0 else 'lowers'} the training error {to}"

    said = (
        f"Depth {told(plain_gap, rows[0], rows[1])} in plain networks; "
        f"in residual ones it {told(residual_gap, rows[2], rows[3])}."
    )
    if is_spared(plain_gap, residual_gap):
        return f"{said} Depth hurts the plain network, not the residual one; as it is the training error, this is no overfitting."
    if plain_gap > 0:
        return f"{said} Give all of them more epochs: the deep residual network has yet to converge."
    return f"{said} The degradation does not show: take a deeper --pair, or fewer epochs, before all have learnt everything."
