"""Lines of signs: where they stand, how large they are, and what is drawn for each."""

import numpy as np
import pytest

from striate.composing import COLUMNS, HEIGHT, LineStyle, draw_line, line_width

PLAIN = LineStyle(size=(20, 20), size_change=(1, 1), spacing=(3, 3), slant=(0, 0), lift=(0, 0), noise=(0, 0))
BLOCK = np.pad(np.full((20, 10), 255, np.uint8), 4)  # 10 x 20 of ink in the middle of nothing


def line(count, style=PLAIN, width=100, seed=0):
    return draw_line([BLOCK] * count, width, np.random.default_rng(seed), style)


def columns_with_ink(pixels):
    ink = (pixels > 127).any(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], ink.astype(int), [0]])))
    return edges.reshape(-1, 2)


def test_signs_stand_side_by_side_in_the_middle():
    pixels = line(3)
    assert (pixels.shape, pixels.dtype) == ((HEIGHT, 100), np.uint8)
    spans = columns_with_ink(pixels)
    assert (spans[:, 1] - spans[:, 0]).tolist() == [10, 10, 10]
    assert (spans[1:, 0] - spans[:-1, 1]).tolist() == [3, 3]
    assert np.flatnonzero(pixels.any(axis=1))[[0, -1]].tolist() == [6, 25]


def test_each_value_is_drawn():
    spans = columns_with_ink(line(2, LineStyle(**{**vars(PLAIN), "spacing": (6, 6)})))
    assert spans[1, 0] - spans[0, 1] == 6
    rows = np.flatnonzero(line(1, LineStyle(**{**vars(PLAIN), "lift": (2, 2)})).any(axis=1))
    assert rows[[0, -1]].tolist() == [4, 23]
    small = line(1, LineStyle(**{**vars(PLAIN), "size": (10, 10)}))
    assert (small.any(axis=0).sum(), small.any(axis=1).sum()) == (5, 10)
    noisy = line(1, LineStyle(**{**vars(PLAIN), "noise": (20, 20)}))
    assert noisy[:3].std() == pytest.approx(20 * 0.584, rel=0.15)  # of a normal number, cut off below 0


@pytest.mark.parametrize("slant", [0.3, -0.3])
def test_a_slant_moves_the_head_and_leaves_the_width(slant):
    pixels = line(1, LineStyle(**{**vars(PLAIN), "slant": (slant, slant)})).astype(float)
    centres = [(row * np.arange(100)).sum() / row.sum() for row in pixels[[7, 24]]]
    assert centres[0] - centres[1] == pytest.approx(17 * slant, abs=0.5)
    assert pixels[15].sum() / 255 == pytest.approx(10, abs=0.5)


def test_what_does_not_fit_is_made_smaller():
    pixels = line(9)
    spans = columns_with_ink(pixels)
    assert len(spans) == 9 and spans[0, 0] >= 0 and spans[-1, 1] <= 100
    assert pixels.any(axis=1).sum() == pytest.approx(20 * 96 / (9 * 10 + 8 * 3), abs=1)


def test_the_same_generator_draws_the_same_and_places_differ():
    assert np.array_equal(line(2, LineStyle(), seed=1), line(2, LineStyle(), seed=1))
    assert not np.array_equal(line(2, LineStyle(), seed=1), line(2, LineStyle(), seed=2))
    begins = {int(columns_with_ink(line(1, seed=seed))[0, 0]) for seed in range(30)}
    assert len(begins) > 15 and min(begins) >= 0 and max(begins) <= 90


def test_nothing_is_drawn_of_what_has_no_ink():
    blank = np.zeros((8, 8), np.uint8)
    assert not draw_line([blank, blank], 40, np.random.default_rng(0), PLAIN).any()


def test_width():
    assert line_width(8) == 8 * COLUMNS + 8 == 136
