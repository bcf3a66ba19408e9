"""Strings read wrong, letter by letter, and what was taken for what; whatever stands in them is text."""

import numpy as np

from striate.evaluation.string_scores import score_reading
from striate.report import DataSummary, TrainingReport, render
from striate.report.contents import Mistake
from striate.report.parts import signs, string_headline, string_splits, strings


def report_of(truths, read, alphabet):
    none = np.full(len(truths), -0.1)
    scores = score_reading(truths, read, alphabet, of_truth=none, of_read=none)
    wrong = [
        Mistake(np.full((32, 64, 1), 90, np.uint8), f"test/{place}.png", true, said, 0.75)
        for place, (true, said) in enumerate(zip(truths, read, strict=True))
        if true != said
    ]
    table = {"test": scores.to_dict(), "val": scores.to_dict()}
    data = DataSummary("strings", {sign: {"train": 3} for sign in alphabet})
    report = TrainingReport("t", "r", "now", "crnn", data, task="sequence", scores=table, mistakes=wrong)
    return report, scores


def test_letter_by_letter():
    report, scores = report_of(["1 3", "12"], ["13", "12"], [" ", "1", "2", "3"])
    (card,) = strings.words(report, scores)
    assert [(place.true, place.read, place.right) for place in card.places] == [
        ("1", "1", True),
        ("␣", "·", False),
        ("3", "3", True),
    ]
    assert (card.said, card.probability, card.left) == ("It says 1 3 and was read as 13", "75.0 %", 0)


def test_what_was_taken_for_what():
    report, scores = report_of(["12", "22", "1"], ["13", "22", "1"], ["1", "2", "3", "4"])
    part = signs.words(report, scores)
    assert part.rows[0].name == "2" and part.rows[0].cells == ("3", "2", "2", "66.7 %", "3 (1)")
    assert part.confusions.rows == (("2", "3", "1"),)
    assert part.lengths.rows == (("1", "1", "100 %", "0 %"), ("2", "2", "50.0 %", "25.0 %"))
    assert part.absent == "Not in this split: 3 4."


def test_the_number_and_the_splits():
    report, scores = report_of(["12", "22"], ["13", "22"], ["1", "2", "3"])
    words = string_headline.words(report, scores)
    assert (words.accuracy, words.count, words.figures[0]) == (0.5, 2, ("Character error rate", "25.0 %"))
    assert [row[:3] for row in string_splits.words(report, scores).rows] == [
        ("test", "2", "50.0 %"),
        ("val", "2", "50.0 %"),
    ]


def test_signs_are_text_and_no_markup():
    alphabet = sorted(set("<script>alert(1)</script>&\"'"))
    page = render(report_of(["<script>alert(1)</script>", "&\"'"], ["<b>", ""], alphabet)[0])
    assert "<script>alert" not in page and "<b>" not in page
    assert "&lt;" in page


def test_of_all_that_is_endless_there_is_a_limit():
    alphabet = [chr(0x4E00 + place) for place in range(200)]
    truths = ["".join(alphabet)] + [sign * (place + 1) for place, sign in enumerate(alphabet)]
    report, scores = report_of(truths, ["x"] * len(truths), alphabet)
    part = signs.words(report, scores)
    assert len(part.rows) == signs.SIGNS_IN_FULL and part.left == "140 signs that are read better are not shown."
    assert len(part.lengths.rows) == signs.LENGTHS
    cards = strings.words(report, scores)
    assert len(cards) == strings.MISTAKES and len(cards[0].places) == strings.SIGNS and cards[0].left == 140
