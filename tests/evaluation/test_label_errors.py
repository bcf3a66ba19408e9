"""Likely label errors: by hand, and as the package cleanlab 2.9.0 found and ranked them (make_label_errors.py)."""

from pathlib import Path

import numpy as np
import pytest

from striate.evaluation.label_errors import confident_thresholds, find_label_errors

ORACLE = np.load(Path(__file__).with_name("label_errors.npz"))


@pytest.mark.parametrize("number", range(4))
def test_what_is_found_and_its_order_are_cleanlabs(number):
    labels, probabilities = ORACLE[f"labels/{number}"], ORACLE[f"probabilities/{number}"]
    assert find_label_errors(labels, probabilities).rows.tolist() == ORACLE[f"found/{number}"].tolist()


def test_thresholds_by_hand():
    labels = np.array([0, 0, 1, 1])
    chances = np.array([[0.5, 0.3, 0.2], [0.9, 0.1, 0], [0.8, 0.2, 0], [0.2, 0.6, 0.2]])
    # Class 0: (.5 + .9) / 2; class 1: (.2 + .6) / 2; of class 2 there is none.
    assert confident_thresholds(labels, chances) == pytest.approx([0.7, 0.4, 1.0])
    found = find_label_errors(labels, chances)
    assert found.rows.tolist() == [2] and found.suggested.tolist() == [0]
    assert found.given[0] == 0.2 and found.chance[0] == 0.8


def test_nothing_to_suspect():
    labels = np.arange(6) % 2
    sure = np.eye(2)[labels]
    assert len(find_label_errors(labels, sure).rows) == 0
    assert len(find_label_errors(labels[:0], sure[:0]).rows) == 0


def test_what_is_unlikely_is_suspected_where_nothing_is_sure():
    labels = np.array([0, 0, 1, 1])
    chances = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.7, 0.3]])
    assert find_label_errors(labels, chances).rows.tolist() == []  # .7 is less than the .9 that class 0 has usually
    found = find_label_errors(labels, chances, unlikely=0.35)
    assert found.rows.tolist() == [3] and found.suggested.tolist() == [0]
    assert find_label_errors(labels, chances, unlikely=0.3).rows.tolist() == []
