"""The width of edges: known for a step under a known Gaussian, and told nowhere where there is nothing to tell it by."""

import math

import numpy as np
import pytest
from PIL import Image

from striate.doctor.sharpness import edge_width


def step(contrast: int, sigma: float) -> Image.Image:
    """An upright step under a Gaussian, in closed form."""
    places = np.arange(256) - 127.5
    row = 20 + contrast * 0.5 * (1 + np.array([math.erf(place / (sigma * math.sqrt(2))) for place in places]))
    return Image.fromarray(np.tile(np.rint(row).astype(np.uint8), (256, 1)))


@pytest.mark.parametrize("contrast", [50, 100, 200])
@pytest.mark.parametrize("sigma", [1, 2, 3])
def test_a_step_under_a_gaussian_is_as_wide_as_the_gaussian_whatever_its_contrast(contrast, sigma):
    # The difference of two pixels is itself a little wide: 0.8 of a pixel for a step between two.
    assert 256 * edge_width(step(contrast, sigma)) == pytest.approx(math.hypot(sigma, 0.8), rel=0.1)


def test_a_larger_copy_is_as_blurry():
    blurred = step(200, 3)
    larger = blurred.resize((1024, 1024), Image.Resampling.BICUBIC)
    assert edge_width(larger) == pytest.approx(edge_width(blurred), rel=0.1)


def test_one_sharp_thing_on_a_blurred_ground_is_sharp():
    pixels = np.array(step(200, 6))
    pixels[40:80, 40:80] = 255
    assert 256 * edge_width(Image.fromarray(pixels)) < 1.2


def test_nothing_is_told_of_small_and_of_plain_pictures():
    assert math.isnan(edge_width(Image.fromarray(np.zeros((256, 256), np.uint8))))
    ramp = np.tile(np.linspace(0, 255, 256).astype(np.uint8), (256, 1))
    assert math.isnan(edge_width(Image.fromarray(ramp)))
    assert math.isnan(edge_width(step(200, 1).resize((95, 256))))
