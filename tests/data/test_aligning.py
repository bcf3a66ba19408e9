import numpy as np
import pytest

from striate.data.aligning import likeness, smoothed


def _waves(offset_x, offset_y, size_x=1.0, size_y=1.0):
    """(32, 32) a sum of waves, seen in a window of the plane."""
    x = offset_x + (np.arange(32) + 0.5) / 32 * size_x
    y = (offset_y + (np.arange(32) + 0.5) / 32 * size_y)[:, np.newaxis]
    waves = [(1, 2, 0.3), (3, 1, 1.0), (2, -3, 2.0), (4, 2, 0.7)]
    return np.float32(128 + sum(20 * np.cos(2 * np.pi * (a * x + b * y) + phase) for a, b, phase in waves))


def _window(*cut):
    return np.array([cut], np.float32)


def test_light_and_contrast_do_not_matter_to_edges():
    picture = _waves(0, 0)[np.newaxis]
    found = likeness(picture, 0.5 * picture + 40, _window(0, 0, 0, 0), align=False)
    assert found.edges[0] == pytest.approx(1, abs=1e-5) and found.contrast[0] == pytest.approx(2, abs=1e-4)
    assert found.brightness[0] == pytest.approx(float((0.5 * picture - 40).mean()), abs=1e-3)


@pytest.mark.parametrize("cut", [(0.08, 0.08, 0.08, 0.08), (0.03, 0, 0, 0.03), (0, 0.08, 0.08, 0)])
def test_a_crop_is_laid_where_it_was_cut(cut):
    left, top, right, bottom = cut
    whole, part = _waves(0, 0)[np.newaxis], _waves(left, top, 1 - left - right, 1 - top - bottom)[np.newaxis]
    apart = likeness(whole, part, _window(0, 0, 0, 0), align=False).edges[0]
    there = likeness(whole, part, _window(*cut), align=False).edges[0]
    found = likeness(whole, part, _window(*(0.06 * (edge > 0.05) for edge in cut)), align=True).edges[0]
    assert apart < 0.95 and there > 0.99 and found > 0.99


def test_what_lies_outside_of_the_picture_is_not_compared():
    part, whole = _waves(0.08, 0, 0.92)[np.newaxis], _waves(0, 0)[np.newaxis]
    assert likeness(part, whole, _window(0, 0, 0, 0), align=True).edges[0] > 0.99


def test_other_pictures_are_not_alike_however_they_are_moved():
    generator = np.random.default_rng(0)
    first, second = (smoothed(generator.integers(0, 256, (20, 32, 32)).astype(np.uint8)) for _ in range(2))
    assert likeness(first, second, np.zeros((20, 4), np.float32), align=True).edges.max() < 0.3


def test_pictures_of_one_tone_are_like_nothing():
    flat = np.full((1, 32, 32), 9, np.float32)
    found = likeness(flat, _waves(0, 0)[np.newaxis], _window(0, 0, 0, 0), align=True)
    assert found.edges[0] == 0 and np.isfinite(found.contrast[0])
