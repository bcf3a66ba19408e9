"""Pictures of signals and maps: each number at its level, each level said."""

import numpy as np
import pytest
import torch
from matplotlib import colormaps

from striate.errors import UsageError
from striate.visualization.montage import draw_grid, draw_heat, draw_kernel, draw_overlay, draw_signal


def test_a_signal_is_symmetric_about_mid_grey():
    drawn = draw_signal(torch.tensor([[[-2.0, -1.0, 0.0, 1.0, 2.0]]]))
    assert drawn.pixels[0, :, 0].tolist() == [0, 64, 128, 191, 255]
    assert (drawn.low, drawn.high, drawn.scale) == (-2.0, 2.0, "-2 to 2")
    assert draw_signal(np.array([[[0.5]]]), scale=1.0).pixels.item() == 191


def test_a_signal_in_colour_keeps_its_channels_and_others_are_added_up():
    signal = np.zeros((3, 1, 2))
    signal[0, 0, 0], signal[2, 0, 1] = 1, -1
    assert draw_signal(signal).pixels.tolist() == [[[255, 128, 128], [128, 128, 0]]]
    assert draw_signal(np.array([[[1.0]], [[-1.0]]])).pixels.tolist() == [[[128]]]


def test_one_pixel_does_not_decide_the_scale_and_zeros_do_not_count():
    signal = np.zeros((1, 40, 40))
    signal[0, :10, :20] = 1.0
    signal[0, 0, 0] = 1000.0
    drawn = draw_signal(signal)
    assert drawn.high == 1.0 and drawn.pixels[0, 0, 0] == 255 and drawn.pixels[39, 39, 0] == 128


def test_nothing_is_grey():
    drawn = draw_signal(np.zeros((3, 2, 2)))
    assert (drawn.pixels == 128).all() and drawn.high == 1.0


def test_a_kernel_has_its_own_scale_and_one_of_zeros_is_grey():
    assert draw_kernel(torch.tensor([[[-4.0, 2.0, 0.0]]])).pixels[0, :, 0].tolist() == [0, 191, 128]
    assert draw_kernel(torch.zeros(3, 2, 2)).pixels.tolist() == [[[128] * 3] * 2] * 2


def test_heat_has_the_maps_colours():
    drawn = draw_heat(np.array([[0.0, 1.0, 4.0]]))
    expected = colormaps["viridis"](np.array([0, 64, 255]), bytes=True)[:, :3]
    assert (drawn.pixels[0] == expected).all() and drawn.scale == "0 to 4"
    assert draw_heat(np.array([[-1.0, 3.0]])).low == -1.0
    assert (draw_heat(np.array([[0.25]]), low=0, high=1).pixels == colormaps["viridis"](64, bytes=True)[:3]).all()
    assert (draw_heat(np.zeros((1, 1))).pixels == colormaps["viridis"](0, bytes=True)[:3]).all()


def test_lightness_of_the_colours_grows_evenly():
    ramp = draw_heat(np.arange(256.0)[None]).pixels[0] / 255
    linear = np.where(ramp <= 0.04045, ramp / 12.92, ((ramp + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    lightness = np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)  # CIE L*
    steps = np.diff(lightness[::8])
    assert steps.min() > 0 and steps.max() < 1.7 * steps.min()


def test_an_overlay_shows_the_picture_where_there_is_nothing():
    red = np.full((4, 4, 3), [255, 0, 0], np.uint8)
    heat = np.zeros((4, 4))
    heat[0, 0] = 2
    drawn = draw_overlay(heat, red).pixels
    assert (drawn[1:] == 76).all()  # red's luma
    assert drawn[0, 0].tolist() == np.rint(0.85 * np.array([253, 231, 36]) + 0.15 * 76).tolist()
    assert draw_overlay(np.zeros((2, 2)), np.full((8, 6, 1), 9, np.uint8)).pixels.shape == (8, 6, 3)


def test_a_small_map_is_spread_over_the_picture():
    heat = np.array([[0.0, 0.0], [0.0, 1.0]])
    drawn = draw_overlay(heat, np.zeros((64, 64, 1), np.uint8)).pixels.sum(axis=2)
    assert drawn[:16, :16].max() < 30 and drawn[56, 56] > 350


def test_a_grid_is_read_like_a_page():
    tiles = [np.full((2, 3, 1), level, np.uint8) for level in (10, 20, 30)]
    grid = draw_grid(tiles, columns=2, gap=1, paper=99)
    assert grid.shape == (5, 7, 1)
    assert grid[0, :, 0].tolist() == [10, 10, 10, 99, 20, 20, 20]
    assert grid[3, :, 0].tolist() == [30, 30, 30, 99, 99, 99, 99]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (
            lambda: draw_signal(np.zeros((2, 2))),
            r"expected a signal \(channels, height, width\), got an array of shape \(2, 2\)",
        ),
        (lambda: draw_heat(np.zeros((0, 2))), r"expected a map \(height, width\), got an array of shape \(0, 2\)"),
        (
            lambda: draw_heat(np.array([[np.nan]])),
            "numbers that are not finite cannot be drawn: the network overflowed",
        ),
        (lambda: draw_grid([]), "a grid needs pictures of one shape"),
        (lambda: draw_grid([np.zeros((1, 1, 1), np.uint8), np.zeros((2, 1, 1), np.uint8)]), "of one shape, got"),
    ],
)
def test_what_cannot_be_drawn_is_said(draw, message):
    with pytest.raises(UsageError, match=message):
        draw()
