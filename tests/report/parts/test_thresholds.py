"""What the report says of two classes, and where it marks thresholds."""

import dataclasses

import numpy as np
import pytest

from striate.evaluation.two_classes import at_threshold, threshold_curves
from striate.report import TwoClasses, render
from striate.report.parts.thresholds import MOST_POINTS, two_classes_part

VALUES = np.array([0.9, 0.8, 0.45, 0.7, 0.2, 0.1, 0.05, 0.02])
TRUTH = np.array([True, True, True, False, False, False, False, False])


@pytest.fixture
def two():
    return TwoClasses(
        positive="폐렴 <pneumonia>",
        negative="정상",
        why="which has fewer training pictures",
        split="test",
        curves=threshold_curves(VALUES, TRUTH),
        half=at_threshold(VALUES, TRUTH, 0.5),
        chosen=at_threshold(VALUES, TRUTH, 0.325),
        chosen_on="val",
    )


def test_each_threshold_has_a_row_with_counts_and_intervals(two):
    part = two_classes_part(two)
    assert part.said == (
        "What is sought is 폐렴 <pneumonia>, which has fewer training pictures; the curves go over all thresholds, "
        "on 3 pictures of 폐렴 <pneumonia> and 5 of 정상 (test)."
    )
    rows = [[cell.replace("\u202f", " ") for cell in row] for row in part.rows]
    assert rows == [
        [
            "0.5, the more probable class",
            "66.7 % (2 of 3; 20.8 % to 93.9 %)",
            "80.0 % (4 of 5; 37.6 % to 96.4 %)",
            "66.7 % (2 of 3)",
        ],
        [
            "0.325, chosen on val",
            "100 % (3 of 3; 43.9 % to 100 %)",
            "80.0 % (4 of 5; 37.6 % to 96.4 %)",
            "75.0 % (3 of 4)",
        ],
    ]
    assert (
        "(Youden's index) on the validation pictures; what it does is measured on other pictures, those of test"
        in part.advice
    )


def test_a_threshold_that_is_measured_where_it_was_chosen_says_so(two):
    same = two_classes_part(dataclasses.replace(two, chosen_on="test"))
    assert same.advice.endswith(
        "which are also those that it is measured on here: on others it will do a little worse."
    )
    none = two_classes_part(dataclasses.replace(two, chosen=None, chosen_on=""))
    assert len(none.rows) == 1 and none.advice.startswith("No threshold is chosen")


def test_the_curves_begin_at_the_corner_and_thresholds_lie_on_them(two):
    roc, precision = two_classes_part(two).charts
    low, high = two.curves.roc_area_interval
    assert roc.summary == f"Receiver operating characteristic: area 0.933 (95 % interval {low:.3f} to {high:.3f})."
    assert roc.curves[0].paths[0].startswith(f"{roc.left},{roc.bottom}")
    assert roc.curves[0].paths[0].endswith(f"{roc.right},{roc.top}")
    across = roc.left + 0.2 * (roc.right - roc.left)
    up = roc.bottom - 2 / 3 * (roc.bottom - roc.top)
    assert roc.marks[0] == (pytest.approx(across, abs=0.05), pytest.approx(up, abs=0.05), "0.5")
    assert [text for *_, text in precision.marks] == ["0.5", "0.325"]
    assert precision.x_label == "recall" and roc.x_label == "false alarms, of the others"


def test_many_thresholds_are_thinned(two):
    values = np.linspace(0, 1, 5000)
    curves = threshold_curves(values, values > 0.5)
    roc, _ = two_classes_part(dataclasses.replace(two, curves=curves)).charts
    assert len(roc.curves[0].paths[0].split()) == MOST_POINTS + 1


def test_it_is_on_the_page_of_two_classes_alone(two, report_on):
    page = render(dataclasses.replace(report_on(["폐렴 <pneumonia>", "정상"]), two_classes=two))
    assert '<a href="#thresholds">Thresholds</a>' in page and "폐렴 &lt;pneumonia&gt;" in page
    assert page.count('class="dot mark"') == 4 and "0.325, chosen on val" in page
    assert "thresholds" not in render(report_on(["a", "b"])).partition("<body>")[2]
