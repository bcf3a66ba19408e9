"""Movements against torchvision's functions, one by one, and against sums by hand."""

import math

import numpy as np
import pytest
import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from striate.augmentation import (
    AugmentationPolicy,
    Elastic,
    HorizontalFlip,
    Perspective,
    RandomResizedCrop,
    Rotation,
    Scaling,
    Shear,
    Translation,
    VerticalFlip,
    augment,
    draw_policy,
)
from striate.augmentation.warp import compose, elastic_displacements, warp

BILINEAR = InterpolationMode.BILINEAR
PLACE = {"seed": 3, "epoch": 2, "indices": [11]}


def pictures(height=36, width=48, count=1):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(1))


def drawn_values(policy, name):
    return draw_policy(policy, **PLACE)[name].values[0]


def assert_same_inside(ours, images, change, *, atol=1e-4):
    """Where torchvision read nothing from beyond the border, which it fills and we go on with, both agree."""
    theirs = change(images)
    inside = change(torch.ones_like(images)) > 1 - 1e-5
    assert 0.3 < inside.float().mean() < 1
    assert torch.allclose(ours[inside], theirs[inside], atol=atol, rtol=0)


@pytest.mark.parametrize(
    ("name", "operation", "arguments"),
    [
        ("rotation", Rotation(degrees=40), lambda v: {"angle": -v[0]}),
        ("translation", Translation(share=0.3), lambda v: {"translate": [v[0] * 48, v[1] * 36]}),
        ("scaling", Scaling(factor=1.6), lambda v: {"scale": v[0]}),
        ("shear", Shear(degrees=25), lambda v: {"shear": list(v)}),
    ],
)
def test_each_affine_change_is_torchvisions(name, operation, arguments):
    policy = AugmentationPolicy(**{name: operation})
    images = pictures()
    given = {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0]}
    given |= arguments(drawn_values(policy, name))

    def affine(tensor):
        return functional.affine(tensor, **given, interpolation=BILINEAR)

    ours = augment(images, policy, **PLACE)
    assert not torch.allclose(ours, images, atol=0.01)
    if name == "scaling" and given["scale"] > 1:
        assert torch.allclose(ours, affine(images), atol=1e-4)
    else:
        assert_same_inside(ours, images, affine)


def test_all_affine_changes_at_once_are_torchvisions():
    policy = AugmentationPolicy(
        rotation=Rotation(degrees=30),
        translation=Translation(share=0.1),
        scaling=Scaling(factor=1.3),
        shear=Shear(degrees=15),
    )
    values = {name: draws.values[0] for name, draws in draw_policy(policy, **PLACE).items()}
    images = pictures()

    def affine(tensor):
        return functional.affine(
            tensor,
            angle=-values["rotation"][0],
            translate=[values["translation"][0] * 48, values["translation"][1] * 36],
            scale=values["scaling"][0],
            shear=list(values["shear"]),
            interpolation=BILINEAR,
        )

    assert_same_inside(augment(images, policy, **PLACE), images, affine)


def test_rotation_is_torchvisions_rotate():
    policy = AugmentationPolicy(rotation=Rotation(degrees=90))
    angle = float(drawn_values(policy, "rotation")[0])
    images = pictures()
    assert_same_inside(
        augment(images, policy, **PLACE),
        images,
        lambda tensor: functional.rotate(tensor, angle, interpolation=BILINEAR),
    )


def test_perspective_is_torchvisions():
    policy = AugmentationPolicy(perspective=Perspective(distortion=0.6))
    moves = drawn_values(policy, "perspective").reshape(4, 2)
    images = pictures(36, 48)
    # torchvision's function measures from the picture's corner, where the first pixel's centre is at a half.
    start = np.array([[0.0, 0.0], [48.0, 0.0], [48.0, 36.0], [0.0, 36.0]])
    end = start + moves * [24, 18]

    def perspective(tensor):
        return functional.perspective(tensor, start.tolist(), end.tolist(), interpolation=BILINEAR)

    assert (moves[0] >= 0).all() and (moves[2] <= 0).all()
    assert_same_inside(augment(images, policy, **PLACE), images, perspective, atol=1e-3)


def test_elastic_is_torchvisions_with_the_same_field():
    images = pictures()
    elastic = Elastic(alpha=40.0, sigma=3.0)
    place = {"seed": 3, "epoch": 2, "indices": [11]}
    field = elastic_displacements(elastic, **place, height=36, width=48, device=torch.device("cpu"))
    ours = augment(images, AugmentationPolicy(elastic=elastic), **place)
    # torchvision's displacements are shares of half the side.
    shares = field / torch.tensor([24.0, 18.0])
    assert_same_inside(
        ours, images, lambda tensor: functional.elastic(tensor, shares, interpolation=BILINEAR, fill=0.0), atol=1e-4
    )


def test_the_elastic_field_is_blurred_noise_of_the_stated_deviation():
    elastic = Elastic(alpha=34.0, sigma=4.0)
    field = elastic_displacements(
        elastic, seed=0, epoch=0, indices=range(20), height=96, width=96, device=torch.device("cpu")
    )[:, 20:-20, 20:-20]
    assert abs(float(field.mean())) < 0.1
    assert abs(float(field.std()) - 0.163 * 34 / 4) < 0.06
    # Neighbours at a distance d go together as exp(-d^2 / (4 sigma^2)).
    for distance in (2, 4, 8):
        together = (field[:, :, distance:] * field[:, :, :-distance]).mean() / field.pow(2).mean()
        assert abs(float(together) - math.exp(-(distance**2) / 64)) < 0.05


def test_the_elastic_blur_is_a_gaussian():
    from striate.augmentation.warp import _blur_matrix

    matrix = _blur_matrix(2.0, 41) / 2**18
    offsets = np.arange(-8, 9)
    kernel = np.exp(-0.5 * (offsets / 2) ** 2)
    assert np.allclose(matrix[20, 12:29], kernel / kernel.sum(), atol=2**-18)
    assert not matrix[20, :12].any() and not matrix[20, 29:].any()


@pytest.mark.parametrize(
    ("operation", "change"),
    [
        (HorizontalFlip(probability=1.0), functional.horizontal_flip),
        (VerticalFlip(probability=1.0), functional.vertical_flip),
    ],
)
def test_flips_alone_are_exact(operation, change):
    images = pictures(count=3)
    policy = AugmentationPolicy(**{operation.name: operation})
    assert torch.equal(augment(images, policy, seed=0, epoch=0, indices=range(3)), change(images))


def test_both_flips_and_none_are_exact_picture_by_picture():
    images = pictures(count=40)
    policy = AugmentationPolicy(
        horizontal_flip=HorizontalFlip(probability=0.5), vertical_flip=VerticalFlip(probability=0.5)
    )
    changed = augment(images, policy, seed=0, epoch=0, indices=range(40))
    drawn = draw_policy(policy, seed=0, epoch=0, indices=range(40))
    seen = set()
    for row in range(40):
        dimensions = [3 - place for place, name in enumerate(drawn) if drawn[name].on[row]]
        seen.add(tuple(dimensions))
        assert torch.equal(changed[row], images[row : row + 1].flip(dimensions)[0])
    assert seen == {(), (3,), (2,), (3, 2)}


@pytest.mark.parametrize(
    ("flip", "dimension"), [(HorizontalFlip(probability=1.0), 3), (VerticalFlip(probability=1.0), 2)]
)
def test_a_flip_among_other_movements_is_a_mirror(flip, dimension):
    images = pictures()
    turned = {"rotation": Rotation(degrees=20)}
    plain = augment(images.flip(dimension), AugmentationPolicy(**turned), **PLACE)
    flipped = augment(images, AugmentationPolicy(**turned, **{flip.name: flip}), **PLACE)
    assert torch.allclose(flipped, plain, atol=1e-4)


def test_resized_crop_is_torchvisions():
    """With a part whose sides are whole pixels; both enlarge it bilinearly, but repeat its own border or look beyond it."""
    images = pictures(32, 32)
    drawn = draw_policy(AugmentationPolicy(random_resized_crop=RandomResizedCrop(smallest_area=0.2)), **PLACE)
    drawn["random_resized_crop"].values[0] = [4 / 32, 8 / 32, 16 / 32, 16 / 32]
    ours = warp(images, compose(drawn, 1, height=32, width=32))
    theirs = functional.resized_crop(images, 8, 4, 16, 16, [32, 32], interpolation=BILINEAR, antialias=True)
    assert torch.allclose(ours[..., 1:-1, 1:-1], theirs[..., 1:-1, 1:-1], atol=1e-5)


def test_a_crop_by_hand():
    row = torch.tensor([[[[0.0, 0.2, 0.4, 0.6]]]])
    drawn = draw_policy(AugmentationPolicy(random_resized_crop=RandomResizedCrop(smallest_area=0.2)), **PLACE)
    drawn["random_resized_crop"].values[0] = [
        0.25,
        0.0,
        0.5,
        1.0,
    ]  # the two in the middle, read at 0.75, 1.25, 1.75, 2.25
    changed = warp(row, compose(drawn, 1, height=1, width=4))
    assert torch.allclose(changed, torch.tensor([[[[0.15, 0.25, 0.35, 0.45]]]]), atol=1e-6)


def test_crop_areas_and_aspects_are_as_stated():
    operation = RandomResizedCrop(smallest_area=0.3, largest_area=0.6, aspect=1.5)
    drawn = draw_policy(AugmentationPolicy(random_resized_crop=operation), seed=0, epoch=0, indices=range(2000))
    left, top, width, height = drawn["random_resized_crop"].values.T
    area, aspect = width * height, width / height
    assert 0.3 <= area.min() < 0.305 and 0.595 < area.max() <= 0.6 + 1e-9
    assert 1 / 1.5 - 1e-9 <= aspect.min() < 0.68 and 1.48 < aspect.max() <= 1.5 + 1e-9
    assert left.min() >= 0 and (left + width).max() <= 1 + 1e-12 and (top + height).max() <= 1 + 1e-12


def test_translation_by_whole_pixels_by_hand():
    row = torch.arange(5.0).reshape(1, 1, 1, 5) / 10
    policy = AugmentationPolicy(translation=Translation(share=0.4))
    drawn = draw_policy(policy, **PLACE)
    drawn["translation"].values[0] = [0.4, 0.0]  # two pixels to the right; the edge goes on
    changed = warp(row, compose(drawn, 1, height=1, width=5))
    assert torch.allclose(changed, torch.tensor([[[[0.0, 0.0, 0.0, 0.1, 0.2]]]]), atol=1e-6)


def test_rotation_does_not_shear_a_picture_that_is_not_square():
    drawn = draw_policy(AugmentationPolicy(rotation=Rotation(degrees=45)), seed=0, epoch=0, indices=range(20))
    for matrix in compose(drawn, 20, height=30, width=60).maps:
        assert np.allclose(matrix[:2, :2] @ matrix[:2, :2].T, np.eye(2), atol=1e-12)


def test_the_edge_goes_on_beyond_the_picture():
    images = torch.full((8, 1, 7, 7), 0.25)
    policy = AugmentationPolicy(rotation=Rotation(degrees=90), translation=Translation(share=0.5))
    moved = augment(images, policy, seed=0, epoch=0, indices=range(8))
    assert torch.allclose(moved, images)
