"""How far the probabilities of labels can be trusted, ready for the template."""

from __future__ import annotations

from striate.encodings import named_encoding
from striate.evaluation.label_scores import MultiLabelScores
from striate.report.contents import TrainingReport
from striate.report.parts.calibration import CalibrationPart, calibration_part
from striate.report.parts.part import Part


def words(report: TrainingReport, scores: MultiLabelScores | None) -> CalibrationPart | None:
    """What the page shows of the report's `calibration`, if it has any."""
    return calibration_part(report.calibration, named_encoding(report.data.kind).one) if report.calibration else None


PART = Part("label_calibration", "Calibration", words)
