"""What a check found, kept between runs: one .npz for each data set, known by size and time of each file."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from striate.durable_writing import whole_file
from striate.pixels.optional_formats import decoder_versions
from striate.pixels.perceptual_hashes import COLOUR_SIDE, SIDE

# Findings are as old as what made them: a new decoder may read what the old one could not.
VERSION = f"4 {decoder_versions()}"

_COLUMNS = ("stamps", "done", "digests", "widths", "heights", "colour", "spans", "thumbnails", "colours")


@dataclass(eq=False)
class Checks:
    """What is known of each picture of a data set; filled row by row."""

    stamps: npt.NDArray[np.uint64]  # (n,): which file in which state; 0 if it cannot be told
    done: npt.NDArray[np.bool_]  # (n,): whether the rest of the row is filled
    digests: npt.NDArray[np.uint8]  # (n, 32)
    widths: npt.NDArray[np.int32]  # (n,)
    heights: npt.NDArray[np.int32]  # (n,)
    colour: npt.NDArray[np.bool_]  # (n,)
    spans: npt.NDArray[np.uint8]  # (n,)
    thumbnails: npt.NDArray[np.uint8]  # (n, 32, 32)
    colours: npt.NDArray[np.uint8]  # (n, 8, 8, 3)
    reasons: dict[int, str]  # row -> why the picture is broken; the others are sound

    @classmethod
    def empty(cls, length: int) -> Checks:
        """Nothing known of `length` pictures."""
        return cls(
            np.zeros(length, np.uint64),
            np.zeros(length, bool),
            np.zeros((length, 32), np.uint8),
            np.zeros(length, np.int32),
            np.zeros(length, np.int32),
            np.zeros(length, bool),
            np.zeros(length, np.uint8),
            np.zeros((length, SIDE, SIDE), np.uint8),
            np.zeros((length, COLOUR_SIDE, COLOUR_SIDE, 3), np.uint8),
            {},
        )

    def fill_from(self, old: Checks | None) -> None:
        """Takes over what `old` knows of the same files in the same state."""
        if old is None or not len(old.stamps):
            return
        order = np.argsort(old.stamps)
        found = order[np.minimum(np.searchsorted(old.stamps, self.stamps, sorter=order), len(order) - 1)]
        rows = np.flatnonzero((old.stamps[found] == self.stamps) & (self.stamps != 0))
        sources = found[rows]
        self.digests[rows], self.colour[rows] = old.digests[sources], old.colour[sources]
        self.widths[rows], self.heights[rows] = old.widths[sources], old.heights[sources]
        self.spans[rows] = old.spans[sources]
        self.thumbnails[rows], self.colours[rows] = old.thumbnails[sources], old.colours[sources]
        self.done[rows] = True
        if old.reasons:
            self.reasons.update(
                (int(row), old.reasons[int(source)])
                for row, source in zip(rows, sources, strict=True)
                if int(source) in old.reasons
            )


def read_checks(path: Path, max_pixels: int) -> Checks | None:
    """The checks in a cache file; None if there are none, if they are damaged, or made under other conditions."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            if arrays["conditions"].tobytes() != _conditions(max_pixels):
                return None
            reasons = {int(row): str(reason) for row, reason in json.loads(arrays["reasons"].tobytes()).items()}
            checks = Checks(
                **{name: arrays[name] for name in _COLUMNS},
                reasons=reasons,
            )
    except Exception:  # a damaged archive fails in many ways, and none of them matters
        return None
    return checks if _is_sound(checks) else None


def _is_sound(checks: Checks) -> bool:
    expected = Checks.empty(len(checks.stamps)) if checks.stamps.ndim == 1 else Checks.empty(0)
    arrays = [value for value in vars(checks).values() if isinstance(value, np.ndarray)]
    models = [value for value in vars(expected).values() if isinstance(value, np.ndarray)]
    return all(a.shape == m.shape and a.dtype == m.dtype for a, m in zip(arrays, models, strict=True))


def write_checks(path: Path, checks: Checks, max_pixels: int) -> None:
    """Keeps the rows that are filled and have a stamp; does nothing where that is not possible."""
    rows = np.flatnonzero(checks.done & (checks.stamps != 0))
    places = {int(row): place for place, row in enumerate(rows)} if checks.reasons else {}
    reasons = {str(places[row]): reason for row, reason in checks.reasons.items() if row in places}
    with suppress(OSError):  # a cache is a convenience
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, durably=False) as file:
            np.savez(
                file,
                conditions=np.frombuffer(_conditions(max_pixels), dtype=np.uint8),
                reasons=np.frombuffer(json.dumps(reasons).encode(), dtype=np.uint8),
                **{name: getattr(checks, name)[rows] for name in _COLUMNS},
            )


def _conditions(max_pixels: int) -> bytes:
    return json.dumps({"version": VERSION, "max_pixels": max_pixels}).encode()
