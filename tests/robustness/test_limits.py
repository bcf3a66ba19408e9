import numpy as np
import pytest

from striate.evaluation import wilson_interval
from striate.robustness import limit_curve
from striate.robustness.shifts import KNOWN

CLASSES = ("ant", "bee")


def curve(name, clean, shifted, labels, flips=3):
    clean, shifted, labels = np.array(clean), np.array(shifted), np.array(labels)
    right = (clean == labels, shifted == labels)
    members = labels == np.arange(len(CLASSES))[:, None]
    return limit_curve(KNOWN[name], clean, shifted, *right, labels, members, CLASSES, flips=flips)


def wrong(labels, count):
    """Answers of which the first `count` are wrong."""
    answers = np.array(labels)
    answers[:count] = 1 - answers[:count]
    return answers


LABELS = [0, 1] * 10  # twenty pictures


def test_where_a_curve_falls_is_read_between_its_levels():
    # Turned by 10, 20, 30, 45, 90 degrees: 20 of 20 right, then 19, 17, 15, 9, 4.
    rows = [wrong(LABELS, count) for count in (1, 3, 5, 11, 16)]
    found = curve("turned", LABELS, rows, LABELS)
    assert found.clean == 1 and found.accuracy == (0.95, 0.85, 0.75, 0.45, 0.2)
    assert found.falls_at == pytest.approx(15)  # .9 lies half way between .95 at 10 and .85 at 20
    assert found.wrong_from == pytest.approx(30 + 15 * 0.25 / 0.3)  # .5 between .75 at 30 and .45 at 45
    assert found.intervals[0] == wilson_interval(19, 20)
    assert found.mean_error == pytest.approx((1 + 3 + 5 + 11 + 16) / 100)
    assert found.sentence() == (
        "Turned: accuracy is down by 10 points at about 15 degrees; "
        "from about 42 degrees on, this classifier is wrong more often than right."
    )


def test_a_fall_before_the_first_level_is_read_from_where_nothing_is_changed():
    # Farther by 1.2 times is the first level, and 1 is no change.
    found = curve("farther", LABELS, [wrong(LABELS, 4)] * 5, LABELS)
    assert found.falls_at == pytest.approx(1.1)
    assert found.wrong_from is None
    assert (
        found.sentence()
        == "Farther: accuracy is down by 10 points at about 1.1 times as far; at 4 times as far 80.0% are right."
    )


def test_one_that_holds_and_one_that_knew_nothing():
    held = curve("turned", LABELS, [wrong(LABELS, 1)] * 5, LABELS)
    assert (held.falls_at, held.wrong_from) == (None, None)
    assert held.sentence() == "Turned: holds; at 90 degrees still 95.0% right."
    lost = curve("turned", wrong(LABELS, 12), [wrong(LABELS, 12)] * 5, LABELS)
    assert lost.clean == 0.4 and lost.wrong_from is None
    single = curve("mirrored", LABELS, [wrong(LABELS, 10)], LABELS)
    assert single.falls_at == 1 and single.sentence() == "Mirrored left to right: 50.0% right instead of 100.0%."
    same = curve("mirrored", LABELS, [wrong(LABELS, 0)], LABELS)
    assert same.falls_at is None and same.sentence() == "Mirrored left to right: still 100.0% right."


def test_the_worst_class_and_the_pictures_that_flip_first():
    labels = [0] * 10 + [1] * 10
    rows = [labels, wrong(labels, 1), wrong(labels, 4), wrong(labels, 10), wrong(labels, 12)]
    found = curve("turned", labels, rows, labels)
    assert found.worst.name == "ant" and found.worst.clean == 1
    assert found.worst.shifted == pytest.approx((10 + 9 + 6 + 0 + 0) / 50)
    # The first of each class in turn: picture 0 flips at level 1, picture 10 at level 4, then picture 1 at level 2.
    assert [(flip.picture, flip.level, flip.answer) for flip in found.flips] == [(0, 1, 1), (10, 4, 0), (1, 2, 1)]
    assert curve("turned", labels, [labels] * 5, labels).worst is None


def test_sizes_as_people_say_them():
    said = {name: KNOWN[name].shown(KNOWN[name].levels[0].size) for name in KNOWN}
    assert said["jpeg"] == "quality 60" and said["warm_light"] == "5,000 K" and said["cold_light"] == "7,500 K"
    assert said["shadows"] == "gamma 1.3" and said["pale"] == "gamma 1/1.3" and said["turned"] == "10 degrees"
    assert said["brighter"] == "0.5 stops" and said["fog"] == "1 of 5" and said["low_contrast"] == "25 %"
