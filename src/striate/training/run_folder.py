"""A run folder: the names of what it holds, how it is made and checked, and the tables that are read and written in it."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from striate.data.split_table import is_split_table
from striate.durable_writing import is_left_over, sweep, write_durably
from striate.errors import StriateError, UsageError
from striate.evaluation import Finding
from striate.printable_text import is_harmless
from striate.row_writing import json_line, json_text
from striate.table_reading import read_dataclass

if sys.platform != "win32":
    import fcntl

RECIPE = "recipe.toml"
SPLITS = "split.csv"
EXCLUDED = "excluded.csv"
METRICS = "metrics.jsonl"
FINDINGS = "findings.json"
REPORT = "report.html"
CHECKPOINTS = "checkpoints"
BUNDLE = "bundle"
TOURNAMENT = "tournament.json"
CANDIDATES = "candidates"


def create_run_folder(output: str | Path | None, *, data_name: str, model: str) -> Path:
    """Makes the folder of a new run: the one asked for, or `runs/<data>-<model>`, numbered if that is taken.

    Args:
        output: The one asked for.
        data_name: What the data is called.
        model: The network; empty where a tournament chooses it, whose folder is `runs/<data>`.

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
        folder = Path("runs") / "-".join(part for part in (data_name, model, str(number) if number > 1 else "") if part)
        try:
            make_folder(folder, exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return folder


def check_output(folder: Path) -> None:
    """Raises UsageError if a new run cannot go to the folder."""
    if folder.is_file():
        raise UsageError(f"--output {folder} is a file; name a folder that does not exist yet")
    if folder.is_dir() and any(folder.iterdir()) and not never_began(folder):
        # The depth experiment has a recipe too.
        is_run = (folder / SPLITS).is_file() and ((folder / RECIPE).is_file() or (folder / TOURNAMENT).is_file())
        hint = f"go on with it by: striate train --resume {shlex.quote(str(folder))}" if is_run else "name another one"
        raise UsageError(f"--output {folder} exists already; nothing was changed; {hint}")
    parent = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not os.access(parent, os.W_OK):
        raise UsageError(f"--output {folder} cannot be made: no permission to write in {parent}")


def never_began(folder: Path) -> bool:
    """Whether a folder holds no more than what a run has that was killed before its recipe was there."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    names = {path.name for path in folder.iterdir()}
    if not all(name in (SPLITS, EXCLUDED) or is_left_over(name) for name in names):
        return False
    return SPLITS not in names or is_split_table(folder / SPLITS)


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


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keeps a run to this process: two that train in one folder would take away each other's checkpoints.

    It ends with the process, however that ends. Windows and file systems without locks do without.

    Raises:
        UsageError: If another one has it.
    """
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"{folder} is being trained by another process; wait until that one has ended, or end it by Ctrl-C there"
            ) from error
        except OSError:
            pass  # no locks here
        yield
    finally:
        os.close(descriptor)


def sweep_run(folder: Path) -> None:
    """Takes away what a process that was killed left half written in a run's folder."""
    for place in (folder, folder / CHECKPOINTS):
        sweep(place)


def read_history(folder: Path) -> list[dict[str, Any]]:
    """The rows of a run's `metrics.jsonl`; none if it has not ended an epoch."""
    path = folder / METRICS
    if not path.is_file():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            rows.append(json.loads(line))
        except (ValueError, RecursionError):
            break  # the line that was being written when the power went
    return rows


def write_history(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Writes `metrics.jsonl` whole; NaN, which JSON has not, becomes null."""
    write_durably(folder / METRICS, b"".join(map(json_line, rows)))


def read_findings(folder: Path) -> tuple[Finding, ...]:
    """What a run's `findings.json` says; nothing if it has none."""
    path = folder / FINDINGS
    if not path.is_file():
        return ()
    try:
        return tuple(read_dataclass(Finding, row) for row in json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise StriateError(f"{path} cannot be read: {error}") from error


def write_findings(folder: Path, findings: Sequence[Finding]) -> None:
    """Writes `findings.json` whole."""
    rows = [finding.to_dict() for finding in findings]
    write_durably(folder / FINDINGS, (json_text(rows, indent=1) + "\n").encode())
