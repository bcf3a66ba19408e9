"""Bytes, chunks and clipping: what does not show in a picture."""

import pytest
import torch

from striate.augmentation import AugmentationPolicy, Brightness, Rotation, applying, augment, named_policy
from striate.augmentation.named import ALONE
from striate.errors import UsageError

PLACE = {"seed": 2, "epoch": 1, "indices": range(7)}


def bytes_of(count=7, channels=3):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, channels, 10, 14), generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("operation", [row for row in ALONE if row.name != "pca_colour"], ids=lambda row: row.name)
@pytest.mark.parametrize("channels", [1, 3])
def test_bytes_come_out_as_the_floats_they_stand_for(operation, channels):
    policy = AugmentationPolicy(**{operation.name: operation})
    images = bytes_of(channels=channels).contiguous(memory_format=torch.channels_last)
    ours = augment(images, policy, **PLACE)
    assert ours.dtype == torch.float32 and ours.min() >= 0 and ours.max() <= 1
    assert ours.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(ours, augment(images.float() / 255, policy, **PLACE))


def test_nothing_changed_is_the_very_tensor_or_bytes_as_floats():
    images = bytes_of()
    floats = images.float() / 255
    assert augment(floats, AugmentationPolicy(), **PLACE) is floats
    assert torch.equal(augment(images, AugmentationPolicy(), **PLACE), floats)


@pytest.mark.parametrize("values", [1, 3 * 10 * 14 * 2, 10**9])
def test_chunks_do_not_show(values, monkeypatch):
    policy = named_policy("standard", drawn=False)
    expected = augment(bytes_of(), policy, **PLACE)
    monkeypatch.setattr(applying, "CHUNK_VALUES", values)
    assert torch.equal(augment(bytes_of(), policy, **PLACE), expected)


def test_half_of_the_pictures_are_changed_and_the_others_stay_as_they_are():
    images = bytes_of(200).float() / 255
    policy = AugmentationPolicy(rotation=Rotation(degrees=20, probability=0.5))
    changed = augment(images, policy, seed=0, epoch=0, indices=range(200))
    same = (changed == images).flatten(1).all(dim=1)
    assert 70 < int(same.sum()) < 130


def test_values_stay_in_their_range():
    bright = augment(torch.ones(7, 3, 4, 4), AugmentationPolicy(brightness=Brightness(change=1.0)), **PLACE)
    assert bright.max() == 1.0 and bright.min() >= 0


@pytest.mark.parametrize(
    ("shape", "indices", "message"),
    [
        ((2, 4, 5, 5), [0, 1], "augment needs pictures (N, C, H, W) with C = 1 or 3, got (2, 4, 5, 5)"),
        ((3, 5, 5), [0, 1, 2], "augment needs pictures (N, C, H, W) with C = 1 or 3, got (3, 5, 5)"),
        ((2, 3, 5, 5), [0], "augment needs an index for each picture, got 2 pictures and 1 indices"),
    ],
)
def test_what_makes_no_sense(shape, indices, message):
    with pytest.raises(UsageError) as caught:
        augment(torch.rand(shape), named_policy("standard", drawn=False), seed=0, epoch=0, indices=indices)
    assert str(caught.value) == message
