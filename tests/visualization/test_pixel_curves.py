"""Deletion and insertion where the answer is known."""

import math

import pytest
import torch
from torch import Tensor, nn

from striate.visualization.pixel_curves import PixelCurves, blurred, curves_of


class OneTile(nn.Module):
    """Two classes: the first is as likely as the upper left quarter is bright."""

    def forward(self, images: Tensor) -> Tensor:
        bright = images[:, 0, :2, :2].mean(dim=(1, 2))
        return torch.stack([bright, 1 - bright], dim=1).clamp(1e-9, 1).log()


def test_areas_are_of_trapezes():
    curves = PixelCurves(deletion=(1.0, 0.5, 0.0), insertion=(0.0, 0.0, 1.0))
    assert (curves.deletion_area, curves.insertion_area, curves.gain) == (0.5, 0.25, -0.25)


def test_the_tiles_that_matter_go_and_come_first():
    images = torch.ones(1, 1, 4, 4)
    heat = torch.zeros(1, 4, 4)
    heat[0, :2, :2] = 1
    own, down, across, both = curves_of(OneTile(), images, torch.tensor([0]), heat)
    # 16 tiles of a pixel in 8 steps: two of the quarter's four go in each of the first two.
    assert own.deletion == pytest.approx((1, 0.5, 0, 0, 0, 0, 0, 0, 0), abs=1e-6)
    assert own.insertion == pytest.approx((1,) * 9)  # a white picture stays white behind a blur
    assert [min(curves.deletion[:3]) for curves in (down, across, both)] == pytest.approx([1, 1, 1])
    assert down.deletion[-1] == pytest.approx(0, abs=1e-6)


def test_several_pictures_are_averaged():
    images = torch.ones(2, 1, 4, 4)
    heat = torch.zeros(2, 4, 4)
    heat[0, :2, :2] = 1
    heat[1, 2:, 2:] = 1
    own = curves_of(OneTile(), images, torch.tensor([0, 0]), heat)[0]
    assert own.deletion[:3] == pytest.approx((1, 0.75, 0.5))


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 40), (31, 17)])
def test_any_size(shape):
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 3))
    images = torch.rand(1, 1, *shape, generator=torch.Generator().manual_seed(0))
    found = curves_of(network, images, torch.tensor([1]), images[:, 0])
    assert [len(curves.deletion) for curves in found] == [9] * 4
    assert blurred(images).shape == images.shape


@pytest.mark.parametrize("shape", [(40, 32), (2, 50), (1, 1)])
def test_the_blur_is_scipys(shape):
    from scipy import ndimage

    images = torch.rand(2, 3, *shape, generator=torch.Generator().manual_seed(0))
    deviation = max(shape) * 5 / 224
    expected = images.double().numpy()
    for axis, side in enumerate(shape, start=2):
        radius = min(math.ceil(3 * deviation), side - 1)
        expected = ndimage.gaussian_filter1d(expected, deviation, axis, mode="mirror", radius=radius)
    torch.testing.assert_close(blurred(images), torch.from_numpy(expected).float())
