"""A run folder: what was asked and decided, how it went, and what came of it."""

from __future__ import annotations

import json
import math
import os
import shlex
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from striate.bundle import Contract, open_bundle
from striate.data.split_table import is_split_table
from striate.durable_writing import is_left_over, sweep, write_durably
from striate.errors import StriateError, UsageError
from striate.evaluation import Finding
from striate.printable_text import is_harmless
from striate.row_writing import json_line
from striate.runtime import Classifier, load_classifier
from striate.table_reading import read_dataclass
from striate.training.run_folder import FINDINGS, METRICS, RECIPE, REPORT, SPLITS


class Run:
    """A finished run.

    Args:
        folder: The run folder.

    Example:
        >>> from striate.runs.run import Run  # doctest: +SKIP
        >>> Run("runs/digits-lenet5").metrics["test"]["accuracy"]  # doctest: +SKIP
        0.9889
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    @cached_property
    def contract(self) -> Contract:
        """What the run's bundle says about itself."""
        return open_bundle(self.folder).contract

    @property
    def metrics(self) -> Mapping[str, Any]:
        """The scores of what ships, by split."""
        return self.contract.metrics

    @property
    def report(self) -> Path:
        """The page to look at."""
        return self.folder / REPORT

    def classifier(
        self, *, engine: str | Path = "openvino", precision: str = "fp32", device: str = "cpu"
    ) -> Classifier:
        """The run's classifier; see `striate.load`."""
        return load_classifier(self.folder, engine=engine, precision=precision, device=device)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is worth knowing of the result, what puts it in doubt first."""
        return read_findings(self.folder)

    def history(self) -> list[dict[str, Any]]:
        """The rows of `metrics.jsonl`, one an epoch."""
        return read_history(self.folder)

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        try:
            metrics = self.metrics
        except StriateError as error:
            return notebook.block(f"Run {self.folder}", notebook.text(str(error)))
        rows = [
            (
                split,
                f"{scores.get('count', 0):,}",
                *(f"{scores.get(name, math.nan):.2%}" for name in ("accuracy", "balanced_accuracy")),
            )
            for split, scores in metrics.items()
        ]
        table = notebook.table(("split", "pictures", "accuracy", "balanced accuracy"), rows)
        said = [f"{self.contract.architecture.model}; the report is {self.report}"]
        said += [finding.text for finding in self.findings]
        return notebook.block(f"Run {self.folder}", table, *map(notebook.text, said))

    def __fspath__(self) -> str:
        """The folder: a run goes wherever the path of one does."""
        return str(self.folder)

    def __repr__(self) -> str:
        return f"<Run {self.folder}>"


def run_folder_of(classifier: str | Path | Run | Classifier) -> Path | None:
    """The run folder that a classifier comes from, if it does."""
    folder = classifier.bundle.folder if isinstance(classifier, Classifier) else Path(classifier)
    for place in (folder, folder.parent):
        if (place / SPLITS).is_file():
            return place
    return None


def read_findings(folder: Path) -> tuple[Finding, ...]:
    """What a run's `findings.json` says; nothing if it has none."""
    path = folder / FINDINGS
    if not path.is_file():
        return ()
    try:
        return tuple(read_dataclass(Finding, row) for row in json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise StriateError(f"{path} cannot be read: {error}") from error


def read_history(folder: Path) -> list[dict[str, Any]]:
    """The rows of a run's `metrics.jsonl`; none if it has not ended an epoch."""
    path = folder / METRICS
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break  # the line that was being written when the power went
    return rows


def write_history(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Writes `metrics.jsonl` whole; NaN, which JSON has not, becomes null."""
    write_durably(folder / METRICS, b"".join(map(json_line, rows)))


def create_run_folder(output: str | Path | None, *, data_name: str, model: str) -> Path:
    """Makes the folder of a new run: the one asked for, or `runs/<data>-<model>`, numbered if that is taken.

    Raises:
        UsageError: If the folder that was asked for exists and is not empty, or cannot be made.
    """
    if output is not None:
        folder = Path(output)
        check_output(folder)
        make_folder(folder, exist_ok=True)
        sweep(folder)
        return folder
    number = 1
    data_name = "".join(character if is_harmless(character) else "_" for character in data_name)
    while True:
        folder = Path("runs") / (f"{data_name}-{model}" + (f"-{number}" if number > 1 else ""))
        try:
            make_folder(folder, exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return folder


def never_began(folder: Path) -> bool:
    """Whether a folder holds no more than what a run has that was killed before its recipe was there."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    names = {path.name for path in folder.iterdir()}
    if not all(name == SPLITS or is_left_over(name) for name in names):
        return False
    return SPLITS not in names or is_split_table(folder / SPLITS)


def check_output(folder: Path) -> None:
    """Raises UsageError if a new run cannot go to the folder."""
    if folder.is_file():
        raise UsageError(f"--output {folder} is a file; name a folder that does not exist yet")
    if folder.is_dir() and any(folder.iterdir()) and not never_began(folder):
        is_run = (folder / RECIPE).is_file() and (folder / SPLITS).is_file()  # the depth experiment has a recipe too
        hint = f"go on with it by: striate train --resume {shlex.quote(str(folder))}" if is_run else "name another one"
        raise UsageError(f"--output {folder} exists already; nothing was changed; {hint}")
    parent = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not os.access(parent, os.W_OK):
        raise UsageError(f"--output {folder} cannot be made: no permission to write in {parent}")


def make_folder(folder: Path, *, exist_ok: bool) -> None:
    """Makes a folder and those above it.

    Raises:
        UsageError: If it cannot be made.
        FileExistsError: If it exists and that is not fine.
    """
    try:
        folder.mkdir(parents=True, exist_ok=exist_ok)
    except FileExistsError:
        raise
    except OSError as error:
        raise UsageError(f"the run folder {folder} cannot be made: {error.strerror}") from error
