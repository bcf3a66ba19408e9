import numpy as np

from striate.evaluation import ReliabilityBin
from striate.evaluation.abstention import risk_coverage
from striate.report import Calibration
from striate.report.parts.calibration import calibration_part

BINS = (
    ReliabilityBin(0.8, 0.9, 0, 0.0, 0.0),
    ReliabilityBin(0.5, 0.6, 3, 0.55, 1 / 3),
    ReliabilityBin(0.9, 1.0, 40, 0.9999, 1.0),
)


def plain(text):
    return text.replace("\u202f", " ")


def test_what_was_done_and_what_it_gained():
    part = calibration_part(Calibration(41.53, 200, "test", 0.0123, 0.17, BINS))
    assert plain(part.said) == (
        "Logits are divided by the temperature 41.53, fitted on 200 validation pictures: "
        "expected calibration error 1.2 % on test, 17.0 % without it."
    )
    assert [tuple(map(plain, row[:4])) for row in part.rows] == [
        ("90 % – 100 %", "40", ">99.9 %", "100 %"),
        ("50 % – 60 %", "3", "55.0 %", "33.3 %"),
    ]


def test_what_was_not_fitted():
    part = calibration_part(Calibration(1.0, 0, "val", 0.126, 0.126, BINS))
    assert plain(part.said) == (
        "The validation pictures were too few to fit a temperature; probabilities are as the network gives them: "
        "expected calibration error 12.6 % on val."
    )


def test_pictures_of_reliability_and_of_what_is_answered():
    risk = risk_coverage(np.linspace(1, 0, 10), np.arange(10) < 8)
    calibration = Calibration(
        1.2, 200, "test", 0.01, 0.02, BINS, adaptive_bins=BINS[1:], adaptive_error=0.015, risk=risk
    )
    part = calibration_part(calibration)
    assert plain(part.said).endswith("In bins of as many pictures each it is 1.5 %.")
    reliability, answered = part.charts
    assert reliability.title == "Reliability" and len(reliability.marks) == 2
    assert plain(answered.summary).endswith("100 % of half of them, 80.0 % of all; mean risk 0.0311.")
    assert [curve.name for curve in answered.curves] == [answered.curves[0].name, "all answered"]
    assert calibration_part(Calibration(1.2, 200, "test", 0.01, 0.02, BINS)).charts == ()
