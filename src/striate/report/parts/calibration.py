"""The part of a training report that tells how far its probabilities can be trusted, ready for the template."""

from __future__ import annotations

from dataclasses import dataclass

from striate.evaluation import Scores
from striate.report.contents import Calibration, TrainingReport
from striate.report.parts.part import Part
from striate.wording import number, percent, plural


@dataclass(frozen=True)
class CalibrationPart:
    """What was done, in a sentence or two, and how often answers were right by how sure they were."""

    said: str
    split: str
    rows: tuple[tuple[str, str, str, str, float], ...]  # sure, pictures, mean probability, right, share of the bar


def calibration_part(calibration: Calibration) -> CalibrationPart:
    """What the page shows of it: the bins that have pictures, from the surest on."""
    error = f"expected calibration error {percent(calibration.error)} on {calibration.split}"
    if calibration.pictures:
        said = (
            f"Logits are divided by the temperature {number(calibration.temperature)}, fitted on "
            f"{plural(calibration.pictures, 'validation picture')}: {error}, {percent(calibration.error_uncalibrated)} without it."
        )
    else:
        said = f"The validation pictures were too few to fit a temperature; probabilities are as the network gives them: {error}."
    rows = tuple(
        (
            f"{percent(one.low, 0)} – {percent(one.high, 0)}",
            number(one.count),
            percent(one.confidence),
            percent(one.accuracy),
            one.accuracy,
        )
        for one in reversed(calibration.bins)
        if one.count
    )
    return CalibrationPart(said, calibration.split, rows)


def words(report: TrainingReport, scores: Scores | None) -> CalibrationPart | None:
    """What the page shows of the report's `calibration`, if it has any."""
    return calibration_part(report.calibration) if report.calibration else None


PART = Part("calibration", "Calibration", words)
