"""Numbers say no more and no less than they are."""

import pytest

from striate.wording import duration, number, percent, plural, probability, shorten


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.9999, ">99.9 %"),  # never rounded up to all
        (0.0001, "<0.1 %"),  # nor down to none
        (0.5, "50.0 %"),
        (0.94333, "94.3 %"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_percent(share, text):
    assert percent(share).replace("\u202f", " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1,000"),
        (0.25, "0.25"),
        (1234.5, "1,234"),
        (2e-7, "2e-07"),
        (1.5e30, "1.5e+30"),
        (None, "–"),
        (float("inf"), "–"),
    ],
)
def test_number(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.94, "940 ms"),
        (0.96, "1.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (3599.6, "1 h 0 min"),
        (7384, "2 h 3 min"),
        (360_000, "100 h 0 min"),
        (None, "–"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds).replace("\u202f", " ") == text


def test_plural():
    assert [plural(n, "epoch") for n in (0, 1, 2)] == ["0 epochs", "1 epoch", "2 epochs"]
    assert plural(1000, "class", "classes") == "1,000 classes"


@pytest.mark.parametrize("length", range(1, 12))
def test_shorten(length):
    text = shorten("abcdefghij", length)
    assert len(text) == min(length, 10)
    assert (text == "abcdefghij") == (length >= 10)


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.99949, 1, "99.9 %"),
        (0.9996, 1, ">99.9 %"),
        (0.0006, 1, "0.1 %"),
        (0.0004, 1, "<0.1 %"),
        (1e-98, 1, "<0.1 %"),
        (0.9996, 2, "99.96 %"),
        (0.99999, 2, ">99.99 %"),
        (0.004, 0, "<1 %"),
    ],
)
def test_all_and_none_are_said_of_nothing_else(share, digits, text):
    assert percent(share, digits, space=" ") == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "<0.1%"), (1e-320, "<0.1%"), (0.5, "50.0%"), (0.99999, ">99.9%"), (1.0, ">99.9%")]
)
def test_a_probability_is_never_certain(value, text):
    assert probability(value, space="") == text
