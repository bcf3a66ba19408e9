import math

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from striate.augmentation import AugmentationPolicy, augment, uniform, warp_matrices
from striate.errors import UsageError


def draw(policy, count=500, **changes):
    return warp_matrices(policy, **({"seed": 1, "epoch": 2, "indices": range(count)} | changes))


def test_nothing_moves_by_default():
    images = torch.rand(2, 3, 5, 5)
    assert augment(images, AugmentationPolicy(), seed=0, epoch=0, indices=[0, 1]) is images


def test_a_picture_is_moved_the_same_in_any_batch():
    policy = AugmentationPolicy(rotation=20, scale=0.2, shift=0.1, flip=0.5)
    images = torch.rand(6, 1, 9, 12)
    together = augment(images, policy, seed=3, epoch=4, indices=range(6))
    for index in range(6):
        alone = augment(images[index : index + 1], policy, seed=3, epoch=4, indices=[index])
        assert torch.equal(together[index], alone[0])


def test_a_flip_is_an_exact_mirror():
    images = torch.rand(4, 3, 6, 8)
    flipped = augment(images, AugmentationPolicy(flip=1.0), seed=0, epoch=0, indices=range(4))
    assert torch.allclose(flipped, images.flip(3), atol=1e-6)


def test_half_of_the_pictures_are_flipped():
    matrices = draw(AugmentationPolicy(flip=0.5), 4000)
    assert abs((matrices[:, 0, 0] < 0).mean() - 0.5) < 5 * 0.5 / math.sqrt(4000)


def test_rotation_agrees_with_torchvision():
    images = torch.rand(1, 1, 33, 33)
    policy = AugmentationPolicy(rotation=30)
    signed = 2 * uniform(7, 0, [5], 1)[0, 0] - 1
    ours = augment(images, policy, seed=7, epoch=0, indices=[5])
    theirs = functional.rotate(images, 30 * signed, interpolation=InterpolationMode.BILINEAR)
    # torchvision fills the corners with zeros, so the middle is what can be compared.
    assert torch.allclose(ours[..., 8:25, 8:25], theirs[..., 8:25, 8:25], atol=1e-4)


def test_rotation_does_not_shear_a_picture_that_is_not_square():
    matrices = draw(AugmentationPolicy(rotation=45), aspect=2.0)
    # In pixels the map is a pure rotation: undo the -1..1 coordinates of a picture twice as wide as high.
    to_pixels = np.diag([2.0, 1.0])
    for matrix in matrices[:20, :, :2].astype(np.float64):
        pixels = to_pixels @ matrix @ np.linalg.inv(to_pixels)
        assert np.allclose(pixels @ pixels.T, np.eye(2), atol=1e-6)


def test_ranges_are_kept():
    policy = AugmentationPolicy(rotation=10, scale=0.25, shift=0.1)
    matrices = draw(policy).astype(np.float64)
    magnification = 1 / np.sqrt(np.linalg.det(matrices[:, :, :2]))
    assert magnification.min() >= 1 / 1.25 - 1e-6 and magnification.max() <= 1.25 + 1e-6
    assert magnification.min() < 0.82 and magnification.max() > 1.22
    assert np.abs(matrices[:, :, 2]).max() <= 0.2 + 1e-6
    angles = np.degrees(np.arctan2(matrices[:, 1, 0], matrices[:, 1, 1]))
    assert 9 < np.abs(angles).max() <= 10 + 1e-4


def test_the_edge_goes_on_beyond_the_picture():
    images = torch.full((8, 1, 7, 7), 0.25)
    moved = augment(images, AugmentationPolicy(rotation=90, shift=0.5), seed=0, epoch=0, indices=range(8))
    assert torch.allclose(moved, images)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("rotation", -1.0, "augmentation.rotation must lie in 0..180, got -1.0"),
        ("flip", 1.5, "augmentation.flip must lie in 0..1, got 1.5"),
        ("scale", float("nan"), "augmentation.scale must lie in 0..4, got nan"),
    ],
)
def test_ranges_that_make_no_sense(name, value, message):
    with pytest.raises(UsageError) as caught:
        AugmentationPolicy(**{name: value})
    assert str(caught.value) == message
