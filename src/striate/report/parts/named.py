"""The parts by their anchors, as tasks name them."""

from __future__ import annotations

from collections.abc import Mapping

from striate.report.parts import calibration, classes, confusion, mistakes, thresholds
from striate.report.parts.part import Part

PARTS: Mapping[str, Part] = {
    part.anchor: part for part in (classes.PART, confusion.PART, thresholds.PART, calibration.PART, mistakes.PART)
}
"""All there are; a further one is its file beside these, a row here, and its fragment in `templates/parts`."""
