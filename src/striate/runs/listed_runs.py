"""The runs in a folder: what came of each, and which can go on. No network is opened, and no torch."""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeGuard

from striate.bundle import Contract
from striate.bundle.folder import CONTRACT
from striate.bundle.plain_json import read_json_object
from striate.errors import StriateError, UsageError, closest
from striate.printable_text import printable
from striate.report import says_ended
from striate.runs.tournament_record import STOPPED, TournamentRecord, read_tournament
from striate.training.run_folder import BUNDLE, RECIPE, REPORT, SPLITS, TOURNAMENT, read_history
from striate.wording import duration, percent, plural

LONGEST_SECONDS = 1e12
"""Of an epoch; a larger number is damage."""

State = Literal["finished", "unfinished", "damaged", "bundle", "other"]


@dataclass(frozen=True)
class ListedRun:
    """A folder among runs, as far as its files say what it is."""

    folder: Path
    state: State
    """`finished`; `unfinished`, which `striate.resume` goes on with; `damaged`; `bundle`: sealed, but of no run here; `other`."""
    reason: str = ""
    """Why it is not finished, or how it shows that it is damaged or none."""
    data: str | None = None
    """The name of the data."""
    model: str | None = None
    """The row of the catalogue."""
    split: str | None = None
    """What `accuracy` was measured on: `test`, or `val` where there is none."""
    pictures: int | None = None
    """How many those are."""
    accuracy: float | None = None
    """In 0..1."""
    accuracy_interval: tuple[float, float] | None = None
    """95 %."""
    epochs: int = 0
    """That have ended."""
    seconds: float | None = None
    """That those took together; of a tournament, all work on it."""
    created: str | None = None
    """When it was begun: local time, ISO 8601."""

    @property
    def resumable(self) -> bool:
        """Whether `striate train --resume` goes on with it."""
        return self.state == "unfinished"

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON types."""
        interval = None if self.accuracy_interval is None else list(self.accuracy_interval)
        changed = {"folder": str(self.folder), "accuracy_interval": interval, "resumable": self.resumable}
        return dataclasses.asdict(self) | changed

    def cells(self) -> tuple[str, ...]:
        """A row of the table."""
        low, high = self.accuracy_interval or (None, None)
        return (
            printable(self.folder.resolve().name),
            printable(self.data or ""),
            printable(self.model or ""),
            "" if self.accuracy is None else f"{self.accuracy:.2%}",
            "" if low is None else f"{percent(low, space='')} to {percent(high, space='')}",
            "" if self.pictures is None else f"{self.pictures:,} {self.split}",
            "" if self.seconds is None else duration(self.seconds),
            printable(self.state + (f": {self.reason}" if self.reason else "")),
        )


def listed_runs(folder: str | os.PathLike[str]) -> tuple[ListedRun, ...]:
    """What the runs in a folder are of, what they came to, and which have not ended; what cannot be read is a row with the reason.

    Args:
        folder: A folder of runs, or one run or bundle.

    Raises:
        UsageError: If there is no such folder, or it cannot be listed.
    """
    place = Path(folder)
    if place.is_file():
        raise UsageError(f"{place} is a file; name the folder that holds the runs")
    if not place.is_dir():
        close = [name for name in closest(str(place), _folders_beside(place)) if _has_runs(Path(name))]
        meant = f"did you mean {', '.join(close)}?" if close else "name the folder that holds the runs"
        raise UsageError(f"there is no folder {place}; {meant}")
    if any((place / name).is_file() for name in (RECIPE, TOURNAMENT, CONTRACT)):
        return (listed_run(place),)
    try:
        folders = sorted(path for path in place.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise UsageError(f"the folder {place} cannot be listed: {error.strerror}") from error
    return tuple(map(listed_run, folders))


def _folders_beside(place: Path) -> list[str]:
    try:
        return [str(path) for path in place.parent.iterdir() if path.is_dir()]
    except OSError:
        return []


def _has_runs(folder: Path) -> bool:
    """Whether a folder is a run or bundle, or holds one."""
    names = (RECIPE, CONTRACT)
    try:
        return any((folder / name).is_file() or any(folder.glob(f"*/{name}")) for name in names)
    except OSError:
        return False


def listed_run(folder: Path) -> ListedRun:
    """One folder; nothing that is wrong with it is raised."""
    try:
        if (folder / RECIPE).is_file() and (folder / SPLITS).is_file():
            return _of_run(folder)
        if (folder / CONTRACT).is_file():
            contract = read_contract(folder)
            name = contract.data.get("name")
            return ListedRun(folder, "bundle", data=None if name is None else str(name), **_measured(contract))
        if (record := read_tournament(folder)) is not None:  # before its first classifier is sealed
            return ListedRun(folder, "unfinished", describe_place(record), seconds=record.worked_seconds)
        missing = SPLITS if (folder / RECIPE).is_file() else RECIPE
        return ListedRun(folder, "other", f"no run: it has no {missing}")
    except (StriateError, OSError) as error:
        return ListedRun(folder, "damaged", _reason(error, folder))


def _of_run(folder: Path) -> ListedRun:
    try:
        recipe = tomllib.loads((folder / RECIPE).read_text(encoding="utf-8"))
        run, planned = recipe["run"], int(recipe["schedule"]["epochs"])
        known: dict[str, Any] = {
            "data": str(run["data_name"]),
            "model": str(recipe["model"]),
            "created": str(run["created"]),
        }
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise StriateError(f"{RECIPE} is not the recipe of a run: {error}") from error
    record = read_tournament(folder)
    rows = read_history(folder)
    seconds = [row.get("seconds") for row in rows if isinstance(row, Mapping)]
    known |= {"epochs": len(rows)}
    if rows:  # a head that is fitted at once takes none
        known["seconds"] = float(sum(taken for taken in seconds if _is_time(taken)))
    if record is not None:
        known["seconds"] = record.worked_seconds
    if record is not None and record.resumable:
        sealed = (folder / BUNDLE / CONTRACT).is_file()
        return ListedRun(
            folder,
            "unfinished",
            describe_place(record),
            **known | (_measured(read_contract(folder / BUNDLE)) if sealed else {}),
        )
    if not (folder / BUNDLE).exists():
        return ListedRun(folder, "unfinished", f"epoch {len(rows)} of {planned}", **known)
    try:
        known |= _measured(read_contract(folder / BUNDLE))
    except (StriateError, OSError) as error:
        return ListedRun(folder, "damaged", _reason(error, folder / BUNDLE), **known)
    if not says_ended(folder / REPORT):
        return ListedRun(folder, "unfinished", "its report is not written", **known)
    return ListedRun(folder, "finished", **known)


def _is_time(value: object) -> TypeGuard[float]:
    """Whether it is a number of seconds, and not one that nobody can have measured."""
    return isinstance(value, int | float) and abs(value) < LONGEST_SECONDS


def describe_place(record: TournamentRecord) -> str:
    """Where a tournament that has not ended is: which candidate is tried, or was when it stopped."""
    stopped = next((entry for entry in record.entries if entry.state == STOPPED), None)
    now = record.running or stopped or record.next
    if now is None:
        return f"all {plural(len(record.entries), 'candidate')} were tried"
    return f"candidate {record.entries.index(now) + 1} of {len(record.entries)}, {now.candidate.name}"


def read_contract(bundle: Path) -> Contract:
    """What a bundle says about itself; its files are there, and are not read.

    Raises:
        BundleError: If the contract cannot be read or was changed.
        StriateError: If a file is missing.
    """
    contract = Contract.from_dict(read_json_object(bundle / CONTRACT, CONTRACT))
    missing = next((name for name in contract.files if not (bundle / name).is_file()), None)
    if missing is not None:
        raise StriateError(f"{missing} is missing")
    return contract


def _measured(contract: Contract) -> dict[str, Any]:
    """The network and its headline: on the test pictures, or else on those of validation."""
    split = next((name for name in ("test", "val") if name in contract.metrics), None)
    found: dict[str, Any] = {"model": contract.architecture.model, "split": split}
    if split is not None:
        try:
            figures = contract.metrics[split]
            low, high = figures["accuracy_interval"]
            found |= {
                "pictures": int(figures["count"]),
                "accuracy": float(figures["accuracy"]),
                "accuracy_interval": (float(low), float(high)),
            }
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise StriateError(f"the contract's figures of {split} cannot be read: {error}") from error
    return found


def _reason(error: Exception, folder: Path) -> str:
    said = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    return said.replace(f"{folder}{os.sep}", "")
