"""What a studio is told; it needs none of the packages that serve."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from striate.errors import UnknownNameError, UsageError
from striate.runtime.engines import PRECISIONS
from striate.studio.named import Named

RUNS = Path("runs")
"""The folder whose runs are listed, unless another is named."""


@dataclass(frozen=True)
class StudioSettings:
    """All that a studio is told."""

    opened: Named = field(default_factory=Named)
    runs: Path = RUNS
    host: str = "127.0.0.1"
    port: int = 8100
    precision: str = "auto"

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise UsageError(f"port must be from 0 to 65,535, got {self.port}")
        if self.precision not in PRECISIONS:  # also where no bundle is opened, which would refuse it
            raise UnknownNameError("precision", self.precision, PRECISIONS)
        if self.runs.exists() and not self.runs.is_dir():
            raise UsageError(f"{self.runs} is no folder; name the one that holds the runs")
