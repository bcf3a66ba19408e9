"""Blur, erasing and noise, against torchvision and against statistics."""

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from striate.augmentation import AugmentationPolicy, Blur, Erasing, Noise, augment, draw_policy
from striate.augmentation.fields import normal_field, random_words
from striate.augmentation.texture import blur, boxes

PLACE = {"seed": 3, "epoch": 2, "indices": range(5)}
CPU = torch.device("cpu")


def pictures(count=5, height=20, width=24):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("sigma", [0.3, 0.8, 1.5])
def test_blur_is_torchvisions_away_from_the_border(sigma):
    """The border is repeated by us and mirrored by torchvision."""
    images = pictures()
    ours = blur(images, np.full(5, sigma), largest=1.5)
    theirs = functional.gaussian_blur(images, [11, 11], [sigma, sigma])
    assert torch.allclose(ours[..., 5:-5, 5:-5], theirs[..., 5:-5, 5:-5], atol=1e-6)


def test_each_picture_has_its_own_blur():
    images = pictures()
    ours = augment(images, AugmentationPolicy(blur=Blur(sigma=2.0)), **PLACE)
    sigmas = draw_policy(AugmentationPolicy(blur=Blur(sigma=2.0)), **PLACE)["blur"].values[:, 0]
    for row, sigma in enumerate(sigmas):
        assert torch.equal(ours[row], blur(images[row : row + 1], np.array([sigma]), largest=2.0).clamp(0, 1)[0])


def test_no_blur_and_blurred_white_are_what_they_were():
    images = pictures()
    assert torch.equal(blur(images, np.zeros(5), largest=2.0), images)
    assert torch.allclose(blur(torch.ones(1, 1, 6, 6), np.array([2.0]), largest=2.0), torch.ones(1, 1, 6, 6), atol=1e-6)


def test_erasing_is_torchvisions():
    images = pictures()
    policy = AugmentationPolicy(erasing=Erasing(smallest_area=0.1, largest_area=0.4, value=0.25))
    ours = augment(images, policy, **PLACE)
    values = draw_policy(policy, **PLACE)["erasing"].values
    for row, (top, bottom, left, right) in enumerate(boxes(values, height=20, width=24).tolist()):
        theirs = functional.erase(images[row], top, left, bottom - top, right - left, torch.tensor(0.25))
        assert torch.equal(ours[row], theirs)


def test_erased_areas_and_places_are_as_stated():
    erasing = Erasing(smallest_area=0.1, largest_area=0.3, aspect=2.0)
    values = draw_policy(AugmentationPolicy(erasing=erasing), seed=0, epoch=0, indices=range(3000))["erasing"].values
    top, bottom, left, right = boxes(values, height=100, width=100).T
    area = (bottom - top) * (right - left) / 10_000
    assert 0.095 < area.min() < 0.105 and 0.295 < area.max() < 0.306
    assert top.min() == 0 and bottom.max() == 100 and left.min() == 0 and right.max() == 100


def test_noise_is_white_and_normal_and_of_the_drawn_deviation():
    policy = AugmentationPolicy(noise=Noise(deviation=0.1))
    images = torch.full((5, 3, 64, 64), 0.5)
    errors = (augment(images, policy, **PLACE) - images).double()
    deviations = draw_policy(policy, **PLACE)["noise"].values[:, 0]
    for row, deviation in enumerate(deviations):
        sample = errors[row].flatten() / deviation
        assert abs(float(sample.mean())) < 5 / np.sqrt(12288)
        assert abs(float(sample.std()) - 1) < 5 / np.sqrt(2 * 12288)
        assert abs(float((sample**4).mean()) - 3) < 0.3
        assert abs(float((sample[1:] * sample[:-1]).mean())) < 5 / np.sqrt(12288)
    together = np.corrcoef((errors.flatten(1) / torch.from_numpy(deviations)[:, None]).numpy())
    assert np.abs(together - np.eye(5)).max() < 5 / np.sqrt(12288)


def test_noise_does_not_depend_on_how_much_there_is():
    one = normal_field(0, 0, [4], 100, stream="noise", device=CPU)
    assert torch.equal(one[0, :50], normal_field(0, 0, [4], 100, stream="noise", device=CPU)[0, :50])
    assert not torch.equal(one, normal_field(0, 1, [4], 100, stream="noise", device=CPU))
    assert not torch.equal(one, normal_field(0, 0, [5], 100, stream="noise", device=CPU))


def test_known_words_so_that_runs_repeat_across_versions():
    words = random_words(7, 1, [3, 4], 2, stream="noise field", device=CPU)
    assert words.tolist() == EXPECTED


EXPECTED = [[1617658107, 1115515155], [-807097907, 444568168]]


def test_the_words_bits_are_even():
    words = random_words(0, 0, range(8), 4096, stream="x", device=CPU).flatten()
    for bit in range(32):
        share = ((words >> bit) & 1).double().mean()
        assert abs(float(share) - 0.5) < 5 * 0.5 / np.sqrt(len(words))
    assert len(torch.unique(words)) > 32_700
