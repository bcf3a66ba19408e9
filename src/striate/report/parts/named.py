"""The parts by their anchors, as tasks name them."""

from __future__ import annotations

from collections.abc import Mapping

from striate.report.parts import (
    calibration,
    classes,
    confusion,
    headline,
    label_calibration,
    label_headline,
    label_splits,
    labels,
    mistakes,
    signs,
    splits,
    string_headline,
    string_splits,
    strings,
    thresholds,
)
from striate.report.parts.part import Part

PARTS: Mapping[str, Part] = {
    part.anchor: part
    for part in (
        *(classes.PART, confusion.PART, thresholds.PART, calibration.PART, mistakes.PART),
        *(labels.PART, label_calibration.PART),
        *(strings.PART, signs.PART),
    )
}
"""All sections there are; a further one is its file beside these, a row here, and its fragment in `templates/parts`."""

RESULTS: Mapping[str, Part] = {
    part.anchor: part
    for part in (
        *(headline.PART, splits.PART, label_headline.PART, label_splits.PART),
        *(string_headline.PART, string_splits.PART),
    )
}
"""What stands in the section of the result: a task's `headline` and `splits`."""
