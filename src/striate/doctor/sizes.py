"""Pictures of odd sizes: tiny, huge, very long. Odd is what is both far from the rest and far from what networks take."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from striate.doctor.audit import Audit
from striate.doctor.kind import Seen

TINY = 64
"""Pixels of the longer side under which a picture may be tiny: a network for 224 pixels sees it enlarged 3.5 times or more."""
TINY_SHARE = 0.5
"""Of the median of the longer sides: tiny pictures are smaller than this share of it."""
HUGE = 10_000_000
"""Pixels from which a picture may be huge."""
HUGE_TIMES = 16
"""Huge pictures have so many times the pixels of the median picture."""
LONG = 4.0
"""The longer side over the shorter one, from which the form is extreme: cropped to a square, three quarters of it are lost."""
LONG_TIMES = 2.0
"""Pictures of extreme form are so many times as long as the median picture is."""


def tiny(audit: Audit) -> Iterator[Seen]:
    """Pictures whose longer side is under 64 pixels, and under half of the median."""
    longer = _sides(audit).max(axis=1)
    limit = min(TINY, TINY_SHARE * float(np.median(longer))) if len(longer) else 0.0
    yield from _sized(audit, longer < limit, longer)


def huge(audit: Audit) -> Iterator[Seen]:
    """Pictures of ten megapixels and more that have 16 times the pixels of the median picture."""
    pixels = _sides(audit).astype(np.float64).prod(axis=1)
    limit = max(HUGE, HUGE_TIMES * float(np.median(pixels))) if len(pixels) else 0.0
    yield from _sized(audit, pixels >= limit, pixels / 1e6)


def long(audit: Audit) -> Iterator[Seen]:
    """Pictures four times as long as wide that are twice as long as the median picture is."""
    sides = _sides(audit).astype(np.float64)
    form = sides.max(axis=1) / sides.min(axis=1)
    limit = max(LONG, LONG_TIMES * float(np.median(form))) if len(form) else 0.0
    yield from _sized(audit, form >= limit, form)


def _sides(audit: Audit) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    """(n, 2) width and height of the readable pictures."""
    records = audit.records[audit.readable]
    return np.stack([records["width"], records["height"]], axis=1)


def _sized(
    audit: Audit, odd: np.ndarray[tuple[int], np.dtype[np.bool_]], figures: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> Iterator[Seen]:
    for place in np.flatnonzero(odd):
        row = int(audit.readable[place])
        size = {"width": int(audit.records["width"][row]), "height": int(audit.records["height"][row])}
        yield Seen((row,), float(figures[place]), size)
