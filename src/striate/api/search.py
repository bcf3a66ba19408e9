"""`striate.search`: the pictures of a folder that are most like one or several, by what a classifier's network sees in them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from striate.errors import DataError, PictureError, StriateError, UsageError
from striate.pixels import PictureSource, decode, measure
from striate.pixels.decoding import held, picture_name
from striate.pixels.picture_arguments import Pictures, as_pictures, check_globs, expand
from striate.printable_text import printable
from striate.retrieval import IndexChanges, Match, PictureIndex
from striate.runtime import Classifier, load_classifier
from striate.text_layout import table, wrapped
from striate.user_cache import forget_oldest, kind_folder
from striate.watching import Watcher
from striate.wording import plural, shorten

if TYPE_CHECKING:
    from striate.report.contact_sheet import Tile

ACROSS = 6
"""Pictures in a row of the sheet."""

MOST_ON_SHEET = 60
"""Pictures of a sheet: more are not drawn, and it says so."""

FOLDERS_KEPT = 20


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What was found for each picture that was asked for."""

    network: str
    folder: str
    pictures: int
    """In the index."""
    changes: IndexChanges
    """What bringing the index up to date came to."""
    queries: tuple[tuple[str, tuple[Match, ...]], ...]
    """What each picture is called, and what was found, the most alike first."""
    sources: tuple[PictureSource, ...] = ()
    """The pictures that were asked for."""

    @property
    def errors(self) -> tuple[tuple[str, str], ...]:
        """Path and reason of each picture in the folder that cannot be read, and so not be found."""
        return self.changes.errors

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON types."""
        changes = self.changes
        return {
            "network": self.network,
            "folder": self.folder,
            "pictures": self.pictures,
            "index": {
                "computed": changes.computed,
                "known_elsewhere": changes.known_elsewhere,
                "unchanged": changes.unchanged,
                "removed": changes.removed,
            },
            "queries": [
                {"query": name, "matches": [match.to_dict() for match in matches]} for name, matches in self.queries
            ],
            "errors": [{"path": path, "reason": reason} for path, reason in self.errors],
        }

    def to_text(self, *, width: int | None = None) -> str:
        """A table for each picture that was asked for."""
        lines: list[str] = []
        for name, matches in self.queries:
            said = (
                f"{printable(name)}: the most alike of {plural(self.pictures, 'picture')} in {printable(self.folder)}"
            )
            rows = [
                (str(rank), f"{match.similarity:.3f}", match.copy, printable(match.path))
                for rank, match in enumerate(matches, 1)
            ]
            lines += [
                *wrapped(said, width),
                *table(("", "similarity", "copy", "picture"), rows, left=("copy", "picture"), width=width),
                "",
            ]
        return "\n".join(lines[:-1])

    def _repr_html_(self) -> str:
        """How it shows itself in a notebook."""
        from striate import notebook

        parts = [
            notebook.table(
                (printable(name), "similarity", "copy"),
                [(match.path, f"{match.similarity:.3f}", match.copy) for match in matches],
            )
            for name, matches in self.queries
        ]
        drawn = notebook.picture(notebook.small(self.sheet(), 1200), said=f"the most alike in {self.folder}")
        return notebook.block(f"Search in {plural(self.pictures, 'picture')} by {self.network}", *parts, drawn)

    def sheet(self) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8: each picture that was asked for, and what was found beside and under it."""
        from striate.report.contact_sheet import draw_contact_sheet  # where only prediction is installed there is none

        rows: list[list[Tile]] = []
        left = MOST_ON_SHEET
        for (name, matches), source in zip(self.queries, self.sources, strict=True):
            if left <= 0:
                break
            tiles = [_tile(source, ["asked for", name])]
            for rank, match in enumerate(matches[: left - 1], 1):
                said = f"{rank}: {match.similarity:.3f}" + (f", {match.copy}" if match.copy else "")
                tiles.append(_tile(match.path, [said, os.path.relpath(match.path, self.folder)]))
            left -= len(tiles)
            rows += [tiles[start : start + ACROSS] for start in range(0, len(tiles), ACROSS)]
        drawn = sum(len(row) for row in rows)
        wanted = sum(len(matches) + 1 for _, matches in self.queries)
        notes = [f"{drawn} of {wanted} pictures are drawn"] if drawn < wanted else []
        title = f"The most alike of {plural(self.pictures, 'picture')} in {shorten(self.folder, 60)}, by {self.network}"
        return draw_contact_sheet(title, rows, notes=notes)


def _tile(source: PictureSource, lines: Sequence[str]) -> Tile:
    from striate.report.contact_sheet import Tile

    try:
        return Tile(decode(source), lines)
    except PictureError as error:  # it was there when it was indexed
        return Tile(np.full((64, 64, 1), 230, np.uint8), [*lines, error.reason])


def search(
    classifier: str | os.PathLike[str] | Classifier,
    folder: str | os.PathLike[str],
    query: Pictures,
    *,
    top: int = 10,
    index: str | os.PathLike[str] | None = None,
    engine: str | Path = "openvino",
    precision: str = "fp32",
    device: str = "cpu",
    watcher: Watcher | None = None,
) -> SearchResult:
    """Finds the pictures of a folder that are most like one or several, by the cosine of what a classifier's network sees in them.

    The folder's index is kept between calls and brought up to date at each: only new and changed pictures run through the network.

    Args:
        classifier: A run, a bundle, the folder of one, or a `Classifier` of pictures, which has its own engine.
        folder: Where to look, at any depth.
        query: One or many: files, folders, globs; or pictures themselves, as `Classifier.predict` takes them.
        top: How many of each.
        index: The file that keeps the index, for example `"holiday.npz"`, made if it is not there; by default one in the user's cache.
        engine: As `striate.load` takes it.
        precision: As `striate.load` takes it.
        device: For torch: such as `"cpu"` or `"cuda"`.
        watcher: Hears how far it is.

    Raises:
        UsageError: There is no such bundle or folder, a glob matches nothing, or the index was made by another bundle.
        PictureError: A picture that is asked for cannot be read.
        DataError: The folder has no picture that can be read, or the index is damaged.
        BundleError: The bundle was changed.

    Example:
        >>> search("runs/photos", "holiday/", "beach.jpg").queries[0][1][0].path  # doctest: +SKIP
        'holiday/2019/IMG_0042.jpg'
    """
    watcher = watcher or Watcher()
    if top < 1:
        raise UsageError(f"top must be at least 1, got {top}")
    asked = _asked_for(query)
    if not isinstance(classifier, Classifier):
        classifier = load_classifier(classifier, engine=engine, precision=precision, device=device)
    found = PictureIndex(classifier, folder)
    for picture in asked:
        measure(picture)  # one that is none is told before the folder is read
    place = Path(index) if index is not None else _kept_at(found)
    if place.is_file():
        found = _opened(place, found, strictly=index is not None)
    changes = found.update(watcher=watcher)
    if not len(found):
        broken = f": {changes.errors[0][0]}: {changes.errors[0][1]}" if changes.errors else ""
        raise DataError(f"no picture that can be read is in {found.folder}{broken}")
    if changes.any or not place.is_file():
        _keep(found, place, strictly=index is not None)
    matches = found.search(asked, top=top)
    return SearchResult(
        network=found.made_by.network,
        folder=found.folder,
        pictures=len(found),
        changes=changes,
        queries=tuple((picture_name(one, None), tuple(of_one)) for one, of_one in zip(asked, matches, strict=True)),
        sources=tuple(asked),
    )


def _asked_for(query: Pictures) -> list[PictureSource]:
    named = as_pictures(query)
    if isinstance(named, list | tuple):
        check_globs(named)
    asked = [held(one) for one in expand(named)]
    if not asked:
        raise UsageError("there is no picture to search by; name one, such as --query cat.jpg")
    return asked


def _kept_at(index: PictureIndex) -> Path:
    """Where the index of a folder is kept unasked: of each network and number format one."""
    known_by = (os.path.realpath(index.folder), index.made_by.digest, index.made_by.precision)
    name = sha256("\0".join(known_by).encode("utf-8", "surrogateescape")).hexdigest()
    return kind_folder("features") / f"{name}.npz"


def _opened(place: Path, index: PictureIndex, *, strictly: bool) -> PictureIndex:
    """The index that was kept; where nobody named its file, a damaged one is made anew."""
    try:
        return PictureIndex.open(place, index.classifier, index.folder)
    except (DataError, UsageError):
        if strictly:
            raise
        return index


def _keep(index: PictureIndex, place: Path, *, strictly: bool) -> None:
    if strictly:
        index.save(place)
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        index.save(place)
        forget_oldest("features", most=FOLDERS_KEPT)
    except (OSError, StriateError):  # a cache is a convenience
        return
