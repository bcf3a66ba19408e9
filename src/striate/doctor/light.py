"""Pictures with too little light, too much, nothing in them, or blur all over.

Each is held to two limits: one in the picture's own terms, and one that tells it from the rest, so that data that is dark, pale or
soft throughout (X-rays, scans, enlarged pictures) is not reported picture by picture.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from striate.doctor.audit import Audit
from striate.doctor.kind import Seen

QUARTER = 64
"""Grey levels of 256: 99 of 100 pixels of a dark picture are in the darkest quarter, of a bright one in the lightest."""
REST = 0.5
"""What a dark or bright picture uses of the range is less than this share of what the median picture uses of it."""
BLANK = 8
"""Grey levels between the darkest and the lightest of 32 x 32 averages up to which a picture is blank."""
BLURRED = 0.009
"""Of the shorter side, the standard deviation of the blur over the sharpest edges from which a picture is blurry: two pixels of 224."""
BLURRED_TIMES = 2.5
"""A blurry picture's edges are so many times as wide as those of the median picture."""


def blank(audit: Audit) -> Iterator[Seen]:
    """Pictures of one tone."""
    ranges = _tone_ranges(audit)
    yield from _found(audit, ranges <= BLANK, ranges)


def dark(audit: Audit) -> Iterator[Seen]:
    """Pictures in which all but the lightest hundredth is in the darkest quarter of the range."""
    lightest = audit.records["tones"][audit.readable, -1].astype(np.float64)
    yield from _found(audit, _outlying(lightest) & (_tone_ranges(audit) > BLANK), lightest)


def bright(audit: Audit) -> Iterator[Seen]:
    """Pictures in which all but the darkest hundredth is in the lightest quarter of the range."""
    darkest = audit.records["tones"][audit.readable, 0].astype(np.float64)
    yield from _found(audit, _outlying(255 - darkest) & (_tone_ranges(audit) > BLANK), darkest)


def blurry(audit: Audit) -> Iterator[Seen]:
    """Pictures whose sharpest edges are spread over two pixels of 224, and far wider than the rest's."""
    widths = audit.records["edge_width"][audit.readable].astype(np.float64)
    told = widths[np.isfinite(widths)]
    limit = max(BLURRED, BLURRED_TIMES * float(np.median(told))) if len(told) else np.inf
    yield from _found(audit, widths >= limit, 100 * widths)


def _outlying(used: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which use less than a quarter of the range, and less than half of what the median uses."""
    return used < min(QUARTER, REST * float(np.median(used))) if len(used) else np.zeros(0, dtype=bool)


def _tone_ranges(audit: Audit) -> npt.NDArray[np.float64]:
    return audit.records["tone_range"][audit.readable].astype(np.float64)


def _found(audit: Audit, odd: npt.NDArray[np.bool_], figures: npt.NDArray[np.float64]) -> Iterator[Seen]:
    for place in np.flatnonzero(odd):
        yield Seen((int(audit.readable[place]),), float(figures[place]))
