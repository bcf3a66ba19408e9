"""Colours against torchvision's functions, one by one, and against sums by hand."""

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from striate.augmentation import (
    AugmentationPolicy,
    Brightness,
    Contrast,
    Gamma,
    Hue,
    PcaColour,
    Saturation,
    augment,
    draw_policy,
    principal_colours,
    with_principal_colours,
)
from striate.augmentation.colour import bend_gamma, turn_hue
from striate.errors import UsageError

COUNT = 6
PLACE = {"seed": 3, "epoch": 2, "indices": range(COUNT)}


def pictures(channels=3):
    return torch.rand(COUNT, channels, 20, 24, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("operation", "change", "atol"),
    [
        (Brightness(change=0.8), functional.adjust_brightness, 1e-6),
        # torchvision's shares of red, green and blue sum to 0.9999, which its greys show.
        (Contrast(change=0.8), functional.adjust_contrast, 1e-4),
        (Saturation(change=0.8), functional.adjust_saturation, 1e-4),
        (Hue(turn=0.5), functional.adjust_hue, 2e-6),
        (Gamma(factor=2.0), functional.adjust_gamma, 2e-6),
    ],
)
def test_each_change_is_torchvisions(operation, change, atol, channels):
    policy = AugmentationPolicy(**{operation.name: operation})
    values = draw_policy(policy, **PLACE)[operation.name].values[:, 0]
    images = pictures(channels)
    ours = augment(images, policy, **PLACE)
    if channels == 1 and operation.name in ("saturation", "hue"):
        assert torch.equal(ours, images)
        return
    for row in range(COUNT):
        theirs = change(images[row], float(values[row]))
        assert torch.allclose(ours[row], theirs, atol=atol, rtol=0)
    assert (ours != images).any()


def test_linear_changes_at_once_are_the_changes_one_after_the_other_where_nothing_is_clipped():
    policy = AugmentationPolicy(
        brightness=Brightness(change=0.2), contrast=Contrast(change=0.2), saturation=Saturation(change=0.2)
    )
    values = {name: draws.values[:, 0] for name, draws in draw_policy(policy, **PLACE).items()}
    images = pictures() * 0.4 + 0.3
    ours = augment(images, policy, **PLACE)
    for row in range(COUNT):
        theirs = functional.adjust_brightness(images[row], float(values["brightness"][row]))
        theirs = functional.adjust_contrast(theirs, float(values["contrast"][row]))
        theirs = functional.adjust_saturation(theirs, float(values["saturation"][row]))
        assert torch.allclose(ours[row], theirs, atol=2e-4, rtol=0)


def test_contrast_by_hand():
    images = torch.tensor([[[[0.2, 0.4, 0.6, 0.8]]]])
    policy = AugmentationPolicy(contrast=Contrast(change=0.5))
    factor = draw_policy(policy, seed=0, epoch=0, indices=[0])["contrast"].values[0, 0]
    expected = 0.5 + factor * (images - 0.5)
    assert torch.allclose(augment(images, policy, seed=0, epoch=0, indices=[0]), expected.float(), atol=1e-6)


@pytest.mark.parametrize(
    ("turn", "expected"),
    [(1 / 3, [0.0, 1.0, 0.0]), (-1 / 3, [0.0, 0.0, 1.0]), (0.5, [0.0, 1.0, 1.0]), (0.0, [1, 0, 0])],
)
def test_red_on_the_circle_of_hues(turn, expected):
    red = torch.tensor([1.0, 0.0, 0.0]).reshape(1, 3, 1, 1)
    assert torch.allclose(turn_hue(red, np.array([turn])).flatten(), torch.tensor(expected).float(), atol=1e-6)


def test_grey_has_no_hue():
    grey = torch.full((1, 3, 2, 2), 0.3)
    assert torch.equal(turn_hue(grey, np.array([0.2])), grey)


def test_gamma_keeps_black_and_white():
    ends = torch.tensor([0.0, 1.0]).reshape(1, 1, 1, 2)
    for exponent in (0.25, 0.7, 1.9, 4.0):
        assert torch.equal(bend_gamma(ends, np.array([exponent])), ends)


def test_principal_colours_are_numpys():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 10, 10, 3)).astype(np.uint8)
    pixels[..., 1] = pixels[..., 0] // 2 + 20
    values, vectors = principal_colours(pixels)
    covariance = np.cov((pixels.reshape(-1, 3) / 255).T, bias=True)
    assert np.allclose(np.array(vectors).T @ np.diag(values) @ np.array(vectors), covariance, atol=1e-8)
    assert list(values) == sorted(values, reverse=True)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


def test_pca_colour_adds_one_colour_to_a_picture_along_the_eigenvectors():
    colours = PcaColour(
        deviation=0.1, eigenvalues=(0.2, 0.0, 0.0), eigenvectors=((0.6, 0.8, 0.0), (0.8, -0.6, 0), (0, 0, 1))
    )
    images = pictures() * 0.5 + 0.25
    added = augment(images, AugmentationPolicy(pca_colour=colours), **PLACE) - images
    assert torch.allclose(added, added.mean((2, 3), keepdim=True), atol=1e-6)
    assert torch.allclose(added[:, 1] * 0.6, added[:, 0] * 0.8, atol=1e-6)
    assert added[:, 2].abs().max() < 1e-7


def test_pca_colours_deviate_by_a_tenth_of_the_eigenvalue():
    colours = PcaColour(deviation=0.1, eigenvalues=(0.2, 0.02, 0.005), eigenvectors=((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    drawn = draw_policy(AugmentationPolicy(pca_colour=colours), seed=0, epoch=0, indices=range(20_000))
    deviations = drawn["pca_colour"].values.std(axis=0)
    assert np.allclose(deviations, [0.02, 0.002, 0.0005], rtol=0.03)


def test_pca_colour_must_know_the_training_pictures():
    policy = AugmentationPolicy(pca_colour=PcaColour(deviation=0.1))
    with pytest.raises(UsageError) as caught:
        augment(pictures(), policy, **PLACE)
    assert str(caught.value) == (
        "augmentation.pca_colour needs the colours of the training pictures; "
        "fill in its eigenvalues with striate.augmentation.with_principal_colours"
    )
    known = with_principal_colours(policy, (pictures() * 255).to(torch.uint8).permute(0, 2, 3, 1).numpy())
    assert known.pca_colour.measured and not known.needs_principal_colours
    assert with_principal_colours(known, np.zeros((1, 3), np.uint8)) is known
    grey = with_principal_colours(policy, np.zeros((5, 4, 4, 1), np.uint8))
    assert not grey.changes
