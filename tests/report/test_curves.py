"""Curves lie where their values say, whatever the history holds."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from striate.report.curves import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart

KEYS = {"val": "val_loss", "train": "train_loss"}


def points(path):
    return [tuple(map(float, pair.split(","))) for pair in path.split()]


def test_places_by_hand():
    history = [{"epoch": 1, "val_loss": 2.0}, {"epoch": 2, "val_loss": 1.0}, {"epoch": 3, "val_loss": 0.5}]
    drawn = chart("Loss", history, KEYS)
    assert [(tick.text, tick.at) for tick in drawn.y_ticks] == [
        ("0", 216.0),
        ("0.5", 165.0),
        ("1", 114.0),
        ("1.5", 63.0),
        ("2", 12.0),
    ]
    assert [(tick.text, tick.at) for tick in drawn.x_ticks] == [("1", 54.0), ("2", 237.0), ("3", 420.0)]
    (curve,) = drawn.curves
    assert points(curve.paths[0]) == [(54, 12), (237, 114), (420, 165)]
    assert (curve.name, curve.last, curve.end, curve.dots) == ("val", "0.5", (420.0, 165.0), ())
    assert [band.text for band in drawn.bands] == ["epoch 1: val 2", "epoch 2: val 1", "epoch 3: val 0.5"]
    assert drawn.summary == "Loss over 3 epochs: val from 2 to 0.5."


def test_shares_are_percentages_within_0_and_100():
    history = [{"epoch": e, "val_accuracy": a} for e, a in ((1, 0.93), (2, 0.999), (3, 1.0))]
    drawn = chart("Accuracy", history, {"val": "val_accuracy"}, share=True)
    assert [tick.text for tick in drawn.y_ticks] == ["92 %", "94 %", "96 %", "98 %", "100 %"]
    assert drawn.curves[0].last == "100\u202f%"


def test_a_hole_breaks_the_line():
    losses = [1.0, None, 0.5, 0.25, math.nan, 0.2]
    drawn = chart("Loss", [{"epoch": i, "val_loss": loss} for i, loss in enumerate(losses)], KEYS)
    (curve,) = drawn.curves
    assert [len(points(path)) for path in curve.paths] == [2]
    assert len(curve.dots) == 2
    assert curve.last == "0.2"
    assert drawn.bands[1].text == "epoch 1: val –"


def test_nothing_to_draw():
    assert chart("Loss", [], KEYS) is None
    assert chart("Loss", [{"epoch": 1, "val_loss": None}, {"epoch": 2, "val_loss": math.inf}], KEYS) is None
    assert chart("Loss", [{"val_loss": 1.0}], KEYS) is None


def test_one_epoch_is_a_dot_in_the_middle():
    drawn = chart("Loss", [{"epoch": 1, "val_loss": 0.7, "train_loss": 0.7}], KEYS)
    assert [tick.text for tick in drawn.x_ticks] == ["1"]
    assert [curve.dots[0][0] for curve in drawn.curves] == [237.0, 237.0]
    assert drawn.summary == "Loss over 1 epoch: val from 0.7 to 0.7; train from 0.7 to 0.7."


def test_long_histories_are_thinned_but_keep_their_end():
    history = [{"epoch": e, "val_loss": 1 / e} for e in range(1, 10_001)]
    drawn = chart("Loss", history, KEYS)
    assert len(drawn.bands) <= 241
    assert drawn.curves[0].last == "0.0001"
    assert [tick.text for tick in drawn.x_ticks] == ["1", "2,000", "4,000", "6,000", "8,000", "10,000"]


values = st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True, min_value=None, max_value=None))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1e6), values), max_size=30), st.booleans())
def test_everything_stays_inside(rows, share):
    history = [
        {"epoch": i, "val_loss": a / 1e6 if share else a, "train_loss": None if share else b}
        for i, (a, b) in enumerate(rows, start=1)
    ]
    drawn = chart("Loss", history, KEYS, share=share)
    if drawn is None:
        assert not rows
        return
    marks = [*drawn.y_ticks, *drawn.x_ticks]
    assert 2 <= len(drawn.y_ticks) <= 8
    assert len({tick.text for tick in drawn.y_ticks}) == len(drawn.y_ticks)
    assert len(drawn.x_ticks) <= 10
    assert all(math.isfinite(tick.at) for tick in marks)
    for curve in drawn.curves:
        for x, y in [*curve.dots, curve.end, *(point for path in curve.paths for point in points(path))]:
            assert LEFT <= x <= WIDTH - RIGHT
            assert TOP - 0.1 <= y <= HEIGHT - BOTTOM + 0.1
    assert math.isclose(sum(band.width for band in drawn.bands), WIDTH - LEFT - RIGHT, abs_tol=0.05 * len(rows) + 0.1)


def test_the_axis_reaches_to_the_epochs_that_are_to_come():
    history = [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}]
    drawn = chart("Loss", history, {"train": "loss"}, until=5)
    assert drawn.x_ticks[-1].text == "5" and drawn.x_ticks[-1].at == drawn.right - 8
    assert drawn.curves[0].end[0] == drawn.left + 8 + (drawn.right - drawn.left - 16) / 4
    assert drawn.bands[-1].left + drawn.bands[-1].width < drawn.right - 8
    assert chart("Loss", history, {"train": "loss"}, until=1) == chart("Loss", history, {"train": "loss"})
