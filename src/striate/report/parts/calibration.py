"""The part of a training report that tells how far its probabilities can be trusted, ready for the template."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from striate.encodings import named_encoding
from striate.evaluation import Scores
from striate.report.contents import Calibration, TrainingReport
from striate.report.curves import Chart, Point, share_chart
from striate.report.parts.part import Part
from striate.wording import number, percent, plural

MOST_POINTS = 200  # of a curve: more could not be told apart


@dataclass(frozen=True)
class CalibrationPart:
    """What was done, in a sentence or two, and how often answers were right by how sure they were."""

    said: str
    split: str
    rows: tuple[tuple[str, str, str, str, float], ...]  # sure, pictures, mean probability, right, share of the bar
    charts: tuple[Chart, ...] = ()


def calibration_part(calibration: Calibration, one: str = "picture") -> CalibrationPart:
    """What the page shows of it: the bins that have any, from the surest on.

    Args:
        calibration: The report's.
        one: What one of what was given is called.
    """
    error = f"expected calibration error {percent(calibration.error)} on {calibration.split}"
    if calibration.pictures:
        said = (
            f"Logits are divided by the temperature {number(calibration.temperature)}, fitted on "
            f"{plural(calibration.pictures, f'validation {one}')}: {error}, {percent(calibration.error_uncalibrated)} without it."
        )
    else:
        said = f"The validation {one}s were too few to fit a temperature; probabilities are as the network gives them: {error}."
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
    if calibration.adaptive_error is not None:
        said += f" In bins of as many {one}s each it is {percent(calibration.adaptive_error)}."
    return CalibrationPart(said, calibration.split, rows, tuple(_charts(calibration, one)))


def _charts(calibration: Calibration, one: str) -> Iterator[Chart]:
    """How often it is right by how sure it is, and by how many of its surest answers are taken."""
    if bins := calibration.adaptive_bins:
        yield share_chart(
            "Reliability",
            f"The share of right answers over the mean probability of the answer, in bins of as many {one}s each.",
            x_label="mean probability of the answer",
            x=[one.confidence for one in bins],
            y=[one.accuracy for one in bins],
            last="right",
            chance=((0.0, 0.0), (1.0, 1.0)),
            points=[Point(one.confidence, one.accuracy, "") for one in bins],
            chance_name="as often right as it says",
        )
    if (risk := calibration.risk) is not None:
        kept = sorted({round(place) for place in np.linspace(0, len(risk.risk) - 1, MOST_POINTS).tolist()})
        whole = 1 - float(risk.risk[-1])
        half = 1 - float(np.interp(0.5, risk.coverage, risk.risk))
        yield share_chart(
            "Right, if only the surest are answered",
            f"The share of right answers over the share of {one}s that are answered, the surest first: {percent(half)} of half of "
            f"them, {percent(whole)} of all; mean risk {risk.area:.4f}.",
            x_label=f"answered, of all {one}s",
            x=risk.coverage[kept].tolist(),
            y=(1 - risk.risk[kept]).tolist(),
            last=f"{percent(half)} of the surest half",
            chance=((0.0, whole), (1.0, whole)),
            points=[Point(1.0, whole, percent(whole))],
            chance_name="all answered",
        )


def words(report: TrainingReport, scores: Scores | None) -> CalibrationPart | None:
    """What the page shows of the report's `calibration`, if it has any."""
    return calibration_part(report.calibration, named_encoding(report.data.kind).one) if report.calibration else None


PART = Part("calibration", "Calibration", words)
