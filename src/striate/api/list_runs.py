"""`striate.list_runs`: the runs in a folder, what came of each, and which can go on. No network is opened, and no torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from striate.printable_text import printable
from striate.runs.listed_runs import ListedRun, listed_runs
from striate.text_layout import table, wrapped
from striate.wording import plural

COLUMNS = ("run", "data", "network", "accuracy", "95 % interval", "measured on", "time", "state")
TEXTS = ("data", "network", "95 % interval", "state")


@dataclass(frozen=True)
class RunList:
    """The runs in a folder, by name."""

    folder: Path
    runs: tuple[ListedRun, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON types."""
        return {"folder": str(self.folder), "runs": [run.to_dict() for run in self.runs]}

    def to_text(self, *, width: int | None = None) -> str:
        """A row a run, and how to go on with those that have not ended."""
        if not self.runs:
            return "\n".join(wrapped(f"no runs in {printable(str(self.folder))}", width))
        lines = table(COLUMNS, [run.cells() for run in self.runs], left=TEXTS, width=width)
        if any(run.resumable for run in self.runs):
            lines += ["", *wrapped("go on with what is unfinished by: striate train --resume RUN", width)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        said = f"{plural(len(self.runs), 'run')} in {self.folder}"
        return notebook.block(said, notebook.table(COLUMNS, [run.cells() for run in self.runs]))


def list_runs(folder: str | os.PathLike[str] = "runs") -> RunList:
    """What the runs in a folder are of, what they came to, and which have not ended.

    Read are the recipes, the figures of the epochs and the contracts; whether the other files of a bundle are as they were sealed is
    checked when it is opened. What cannot be read is a row with the reason.

    Args:
        folder: A folder of runs, or one run or bundle.

    Raises:
        UsageError: If there is no such folder, or it cannot be listed.

    Example:
        >>> [(run.data, run.accuracy) for run in list_runs().runs if run.state == "finished"]  # doctest: +SKIP
        [('digits', 0.9888)]
    """
    return RunList(Path(folder), listed_runs(folder))
