"""A file of predictions that grows row by row, and that goes on where a process was killed as if it had not been.

Beside `holiday.csv` lies `holiday.csv.resume.json`, which says what the rows are made of and when that began. It stays when all is
done, so that going on once more finds nothing left to do. The network is run on the same pictures at once as it would have been without the
interruption, since what it says of one may depend on its neighbours in the last bits.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from striate.bundle.plain_json import read_json_object
from striate.durable_writing import GrowingFile, check_writable, write_durably
from striate.encodings import DEFAULT_KIND
from striate.errors import BundleError, UsageError
from striate.row_writing import json_text, text_bytes
from striate.runtime.classifier import Classifier
from striate.runtime.prediction_rows import RowFormat, further_columns, row_format
from striate.tasks import Prediction

FORMATS = {".csv": "csv", ".jsonl": "jsonl"}
"""How rows are written, by the ending of the file's name."""

MADE_OF = ".resume.json"
"""Appended to the name of the file: what says of what its rows are made."""

_SAID = {
    "bundle": "another bundle",
    "format": "another format",
    "top": "another --top",
    "engine": "another engine",
    "precision": "another precision",
    "device": "another device",
    "decoding": "another --decoding",
}


class PredictionFile:
    """Predictions that are written to a file as they come; iterating does the work and yields the rows that are added.

    Args:
        path: The file, whose name ends in .csv or .jsonl.
        classifier: What says what is on the pictures.
        pictures: Their paths, or pictures; may be endless.
        top: How many classes a row names at most.
        resume: Go on with the file, where there is one; without it a file with anything in it is refused.
        device: What the engine runs on.

    Raises:
        UsageError: If the file cannot be written, stands there and `resume` was not said, or holds rows of something else.
    """

    kept: int = 0
    """Rows that stood in the file already."""
    rows: int = 0
    """Rows that stand in it by now."""
    unreadable: int = 0
    """Of these, those whose picture could not be read."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        classifier: Classifier,
        pictures: Iterable[Any],
        *,
        top: int = 5,
        resume: bool = False,
        device: str = "cpu",
    ) -> None:
        self.path = Path(path)
        check_place(self.path, resume=resume)
        self._classifier, self._pictures, self._top = classifier, pictures, top
        columns = classifier.task.alternatives(classifier.classes, top)
        further = further_columns(classifier.contract.rule)
        column = classifier.task.column
        self._format: RowFormat = row_format(FORMATS[self.path.suffix.lower()], columns, further, column=column)
        self._begun = time.time_ns()
        self._batch = classifier.engine.batch
        self._made_of = {
            "bundle": classifier.bundle.digest,
            "format": self._format.name,
            "top": top,
            "engine": classifier.engine.name,
            "precision": classifier.engine.precision,
            "device": device,
        }
        if classifier.task.decodings:
            self._made_of["decoding"] = classifier.task.decoding
        self._check_made_of()

    def __iter__(self) -> Iterator[Prediction]:
        pictures = iter(self._pictures)
        for first in pictures:  # where there is none, no file is made
            yield from self._written(chain([first], pictures))

    def _written(self, pictures: Iterator[Any]) -> Iterator[Prediction]:
        with GrowingFile(self.path) as file:
            try:
                yield from self._added(file, pictures)
            except OSError:
                if not file.size:  # there was no room for a row
                    made_of_path(self.path).unlink(missing_ok=True)
                raise

    def _added(self, file: GrowingFile, pictures: Iterator[Any]) -> Iterator[Prediction]:
        if file.size == 0:
            self._write_made_of()
        again, known = self._checked_rows(file, pictures)
        if file.size == 0:
            file.add(self._format.header)
        stream = self._classifier.stream(chain(again, pictures), top=self._top, batch_size=self._batch)
        for number, prediction in enumerate(stream):
            row = self._format.row(prediction)
            if number < len(known):
                if row != known[number]:
                    place = self.rows - len(known) + number + 1
                    raise self._refusal(f"row {place:,} comes out otherwise than it stands there")
                continue
            file.add(row)
            self.rows += 1
            self.unreadable += prediction.error is not None
            yield prediction
        file.keep()

    def _checked_rows(self, file: GrowingFile, pictures: Iterator[Any]) -> tuple[list[Any], list[bytes]]:
        """Holds the rows that stand there to the pictures, and mends a torn last one.

        Returns:
            The pictures that the network is to be run on again, with those that follow, and their rows.
        """
        again: list[Any] = []
        known: list[bytes] = []
        whole, header = 0, self._format.header
        with self.path.open("rb") as written:
            for row in self._format.rows(written):
                whole += len(row)
                if header:
                    if row != header:
                        raise self._refusal("it does not begin with the columns that it would have")
                    header = b""
                    continue
                picture = next(pictures, None)
                self._check_row(row, picture)
                again.append(picture)
                known.append(row)
                if len(again) == self._batch:
                    again.clear()
                    known.clear()
        if whole < file.size:
            file.end_at(whole)
        self.kept = self.rows
        return again, known

    def _check_row(self, row: bytes, picture: Any) -> None:
        self.rows += 1
        kind = self._classifier.kind
        try:
            path, unreadable = self._format.read(row)
        except ValueError as error:
            raise self._refusal(f"row {self.rows:,} was not written by striate predict") from error
        self.unreadable += unreadable
        if picture is None:
            raise self._refusal(f"row {self.rows:,} is of {path}, and there are fewer {kind.plural} now")
        name = text_bytes(kind.name_of(picture)).decode("utf-8", "surrogateescape")
        if path != name:
            raise self._refusal(f"row {self.rows:,} is of {path}, and the {kind.plural} have {name} there")
        if not unreadable and kind.name == DEFAULT_KIND and isinstance(picture, str | os.PathLike):
            try:
                changed = Path(picture).stat().st_mtime_ns > self._begun
            except OSError as error:
                raise self._refusal(f"{name}, of which it has a row, cannot be read any more") from error
            if changed:
                raise self._refusal(f"{name} was changed after the file was begun")

    def _check_made_of(self) -> None:
        """Raises UsageError if the rows that stand there are made of something else; takes up how they were made."""
        if not _has_content(self.path):
            return
        place = made_of_path(self.path)
        if not place.is_file():
            raise self._refusal(f"{place.name}, which says of what its rows are made, is not beside it")
        try:
            table = read_json_object(place, place.name)
        except BundleError as error:
            raise self._refusal(str(error)) from error
        for name, value in self._made_of.items():
            if table.get(name) != value:
                raise self._refusal(f"its rows were made by {_SAID[name]}")
        begun, batch = table.get("begun_ns"), table.get("batch")
        if not isinstance(begun, int) or not isinstance(batch, int) or not 1 <= batch <= 1 << 16:
            raise self._refusal(f"{place.name} makes no sense")
        self._begun, self._batch = begun, batch

    def _write_made_of(self) -> None:
        table = self._made_of | {"batch": self._batch, "begun_ns": self._begun}
        write_durably(made_of_path(self.path), (json_text(table, indent=1) + "\n").encode())

    def _refusal(self, reason: str) -> UsageError:
        return UsageError(f"cannot go on with {self.path}: {reason}; write to another file, or delete this one")


def check_place(path: Path, *, resume: bool) -> None:
    """Finds before any work is done what keeps a file of predictions from being written.

    Raises:
        UsageError: If its name has another ending, it cannot be written, or it has content and `resume` was not said.
    """
    check_writable(path, endings=FORMATS)
    if not resume and _has_content(path):
        raise UsageError(f"{path} exists already; add --resume to go on with it, or name another file")


def made_of_path(path: Path) -> Path:
    """What lies beside a file of predictions and says of what its rows are made."""
    return path.with_name(path.name + MADE_OF)


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False
