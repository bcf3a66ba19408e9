"""A spectrum makes the waves that a hand can compute, and colours vary as the figures say."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from striate.pixels import decode
from striate.visualization.fourier_pictures import (
    COLOUR_AXES,
    COLOUR_VARIANCES,
    CONTRAST,
    FourierPictures,
    colour_matrix,
)


def logits(pixels: torch.Tensor) -> torch.Tensor:
    return (pixels / (1 - pixels)).log() / CONTRAST


def test_the_amplitudes_of_4_x_4_fall_with_the_frequency_and_are_1_in_the_mean_of_squares():
    amplitude = FourierPictures(4, 4, torch.eye(1)).amplitude
    # Frequencies of rows 0, 1/4, 1/2, 1/4 and of columns 0, 1/4, 1/2; the even light counts as the longest wave, 1/4.
    frequency = torch.tensor(
        [[0.25, 0.25, 0.5], [0.25, 8**-0.5, 0.3125**0.5], [0.5, 0.3125**0.5, 0.5**0.5], [0.25, 8**-0.5, 0.3125**0.5]]
    )
    expected = frequency**-1.2
    torch.testing.assert_close(amplitude, expected / expected.square().mean().sqrt(), rtol=1e-6, atol=0)
    assert amplitude.square().mean() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("down", "across"), [(0, 1), (1, 0), (1, 1)])
def test_one_number_makes_one_wave(down, across):
    pictures = FourierPictures(4, 4, torch.eye(1))
    spectrum = torch.zeros(1, *pictures.spectrum_shape)
    spectrum[0, 0, down, across] = torch.tensor([0.6, 0.8])
    if across == 0:  # a column of real numbers' spectrum holds each wave twice
        spectrum[0, 0, -down, 0] = torch.tensor([0.6, -0.8])
    rows, columns = torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")
    angle = 2 * math.pi * (down * rows + across * columns) / 4
    height = 2 * float(pictures.amplitude[down, across]) / math.sqrt(4 * 4)
    expected = height * (0.6 * angle.cos() - 0.8 * angle.sin())
    torch.testing.assert_close(logits(pictures.pixels(spectrum))[0, 0], expected, rtol=1e-5, atol=1e-6)


def test_even_light_is_the_first_number_and_each_picture_is_its_own():
    pictures = FourierPictures(4, 4, torch.eye(1))
    spectra = torch.zeros(2, *pictures.spectrum_shape)
    spectra[1, 0, 0, 0, 0] = 0.5
    dark, light = logits(pictures.pixels(spectra))
    assert not dark.any()
    torch.testing.assert_close(light, torch.full((1, 4, 4), 0.5 * float(pictures.amplitude[0, 0]) / 4))


def test_odd_sides_are_kept():
    pictures = FourierPictures(5, 7, torch.eye(3))
    assert pictures.spectrum_shape == (3, 5, 4, 2)
    assert pictures.pixels(torch.randn(2, 3, 5, 4, 2)).shape == (2, 3, 5, 7)


def test_the_axes_are_those_of_a_rotation():
    axes = torch.tensor(COLOUR_AXES, dtype=torch.float64)
    torch.testing.assert_close(axes @ axes.T, torch.eye(3, dtype=torch.float64), atol=3e-4, rtol=0)


def test_colours_are_correlated_as_imagenets_and_spread_as_they_are_told_to():
    axes, variances = torch.tensor(COLOUR_AXES), torch.tensor(COLOUR_VARIANCES)
    covariance = (axes.T * variances) @ axes
    for deviations in ([1.0, 1.0, 1.0], [0.2, 0.3, 0.1], covariance.diag().sqrt().tolist()):
        matrix = colour_matrix(deviations)
        made = matrix @ matrix.T
        correlation = made / made.diag().sqrt() / made.diag().sqrt()[:, None]
        wanted = covariance / covariance.diag().sqrt() / covariance.diag().sqrt()[:, None]
        torch.testing.assert_close(correlation, wanted, atol=1e-5, rtol=0)
        spread = made.diag().sqrt() / made.diag().sqrt().sum()
        torch.testing.assert_close(spread, torch.tensor(deviations) / sum(deviations), atol=1e-5, rtol=0)
        assert matrix[:, 0].norm() == pytest.approx(1, abs=1e-6)
    # With ImageNet's own deviations the axes are the figures' own, and their lengths as the variances have it.
    torch.testing.assert_close((matrix.T @ matrix).diag() * COLOUR_VARIANCES[0], variances, atol=2e-5, rtol=0)
    assert (matrix / matrix.norm(dim=0) * axes.T).sum(dim=0).abs().min() > 0.9999


def test_the_order_of_channels_turns_with_the_network():
    own = [0.2, 0.3, 0.1]
    forwards, backwards = colour_matrix(own), colour_matrix(own[::-1], reverse=True)
    torch.testing.assert_close(forwards @ forwards.T, (backwards @ backwards.T).flip(0, 1))


def test_channels_that_are_not_three_stand_for_themselves():
    assert colour_matrix([0.3]).tolist() == [[1.0]]
    assert colour_matrix([0.2, 0.4]).tolist() == [[0.5, 0.0], [0.0, 1.0]]


def test_the_figures_are_near_those_of_other_photographs(real_data):
    paths = sorted(real_data("imagenette/val").rglob("*.[jJ][pP]*[gG]"))[::10]
    decoded = [decode(path) for path in paths]
    pixels = np.concatenate([picture[::8, ::8].reshape(-1, 3) for picture in decoded if picture.shape[-1] == 3]) / 255
    found, directions = np.linalg.eigh(np.cov(pixels.T))
    alike = np.abs(np.array(COLOUR_AXES) @ directions[:, ::-1]).diagonal()
    assert alike.min() > 0.95
    assert found[::-1] / found.sum() == pytest.approx(np.array(COLOUR_VARIANCES) / sum(COLOUR_VARIANCES), abs=0.03)
