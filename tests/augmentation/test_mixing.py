"""Mixup and CutMix: the formulas, the distribution of shares, and partners that any process finds alike."""

import math

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from striate.augmentation import AugmentationPolicy, Cutmix, Mixup, mix, mixing_partners
from striate.augmentation.mixing import cut_boxes, draw_mixture
from striate.errors import UsageError

BOTH = AugmentationPolicy(mixup=Mixup(alpha=0.4, probability=0.4), cutmix=Cutmix(alpha=1.0, probability=0.4))
PLACE = {"seed": 3, "epoch": 2}


def test_mixup_by_hand():
    policy = AugmentationPolicy(mixup=Mixup(alpha=1.0))
    mixed, weights = mix(torch.zeros(3, 1, 2, 2), torch.ones(3, 1, 2, 2), policy, **PLACE, indices=range(3))
    assert torch.allclose(mixed, (1 - weights)[:, None, None, None].expand(3, 1, 2, 2), atol=1e-7)
    assert len(set(weights.tolist())) == 3 and ((weights > 0) & (weights < 1)).all()


def test_cutmix_weighs_by_area():
    policy = AugmentationPolicy(cutmix=Cutmix(alpha=1.0))
    mixed, weights = mix(torch.zeros(50, 1, 20, 30), torch.ones(50, 1, 20, 30), policy, **PLACE, indices=range(50))
    assert set(mixed.unique().tolist()) == {0.0, 1.0}
    assert torch.allclose(1 - mixed.mean((1, 2, 3)), weights, atol=1e-6)


def test_a_picture_is_mixed_in_one_way_at_most_and_as_often_as_stated():
    mixture = draw_mixture(BOTH, **PLACE, indices=range(5000))
    assert not (mixture.mixup & mixture.cutmix).any()
    assert abs(mixture.mixup.mean() - 0.4) < 0.035 and abs(mixture.cutmix.mean() - 0.4) < 0.035
    assert (mixture.shares[~mixture.mixup & ~mixture.cutmix] == 1).all()


def test_pictures_that_are_not_mixed_stay_as_they_are():
    own, partners = torch.rand(200, 1, 4, 4), torch.rand(200, 1, 4, 4)
    mixed, weights = mix(own, partners, BOTH, **PLACE, indices=range(200))
    mixture = draw_mixture(BOTH, **PLACE, indices=range(200))
    alone = torch.from_numpy(~mixture.mixup & ~mixture.cutmix)
    assert alone.any() and torch.equal(mixed[alone], own[alone]) and (weights[alone] == 1).all()


def torchvisions(kind, images, labels, monkeypatch, share, corner=None):
    """What torchvision makes of a batch with a share that is given, not drawn; it mixes each with the one before."""
    transform = kind(num_classes=len(images))
    monkeypatch.setattr(transform._dist, "sample", lambda *_: torch.tensor([share]), raising=False)
    if corner is not None:
        places = iter(corner)
        monkeypatch.setattr(torch, "randint", lambda *_arguments, **_options: torch.tensor([next(places)]))
    return transform(images, labels)


def test_mixup_is_torchvisions(monkeypatch):
    policy = AugmentationPolicy(mixup=Mixup(alpha=0.7))
    images, labels = torch.rand(1, 3, 6, 6), torch.tensor([0])
    other = torch.rand(1, 3, 6, 6)
    ours, weights = mix(images, other, policy, **PLACE, indices=[5])
    batch = torch.cat([images, other])
    theirs, targets = torchvisions(v2.MixUp, batch, torch.tensor([0, 1]), monkeypatch, float(weights[0]))
    assert torch.allclose(ours[0], theirs[0], atol=1e-6)
    assert abs(float(targets[0, 0]) - float(weights[0])) < 1e-6
    assert labels.shape == (1,)


def test_cutmix_is_torchvisions(monkeypatch):
    policy = AugmentationPolicy(cutmix=Cutmix(alpha=1.0))
    images, other = torch.rand(1, 3, 20, 30), torch.rand(1, 3, 20, 30)
    for index in range(8):
        ours, weights = mix(images, other, policy, **PLACE, indices=[index])
        mixture = draw_mixture(policy, **PLACE, indices=[index])
        corner = [int(mixture.centres[0, 0] * 30), int(mixture.centres[0, 1] * 20)]
        batch = torch.cat([images, other])
        with monkeypatch.context() as patched:
            theirs, targets = torchvisions(
                v2.CutMix, batch, torch.tensor([0, 1]), patched, float(mixture.shares[0]), corner
            )
        assert torch.equal(ours[0], theirs[0])
        assert abs(float(targets[0, 0]) - float(weights[0])) < 1e-6


def test_centres_of_boxes_are_anywhere_whatever_the_share():
    mixture = draw_mixture(BOTH, **PLACE, indices=range(20000))
    centres, shares = mixture.centres[mixture.cutmix], mixture.shares[mixture.cutmix]
    assert (mixture.centres[~mixture.cutmix] == 0).all()
    for axis in (0, 1):  # even on 0..1: a tenth of them in each tenth, within four standard errors
        counts = np.histogram(centres[:, axis], bins=10, range=(0, 1))[0] / len(centres)
        assert abs(counts - 0.1).max() < 4 * math.sqrt(0.1 * 0.9 / len(centres))
    numbers = np.corrcoef([centres[:, 0], centres[:, 1], shares])
    assert abs(numbers[np.triu_indices(3, 1)]).max() < 4 / math.sqrt(len(centres))


def test_boxes_end_at_the_border():
    places = cut_boxes(draw_mixture(BOTH, **PLACE, indices=range(3000)), height=20, width=30)
    assert places.min() == 0 and places[:, 1].max() == 20 and places[:, 3].max() == 30
    assert (places[:, 0] <= places[:, 1]).all() and (places[:, 2] <= places[:, 3]).all()


def test_partners_depend_on_the_sample_alone_and_are_even():
    partners = mixing_partners(BOTH, **PLACE, indices=range(6000), count=30)
    assert partners.dtype == np.int64
    assert np.array_equal(mixing_partners(BOTH, **PLACE, indices=[17, 4], count=30), partners[[17, 4]])
    counts = np.bincount(partners, minlength=30)
    assert len(counts) == 30 and ((counts - 200) ** 2 / 200).sum() < 70


def test_mixing_is_the_same_in_any_batch_and_keeps_the_layout():
    own = torch.rand(20, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    partners = torch.rand(20, 3, 8, 8).contiguous(memory_format=torch.channels_last)
    together, weights = mix(own, partners, BOTH, **PLACE, indices=range(20))
    assert together.is_contiguous(memory_format=torch.channels_last)
    for row in range(20):
        alone, weight = mix(own[row : row + 1], partners[row : row + 1], BOTH, **PLACE, indices=[row])
        assert torch.equal(together[row], alone[0]) and weights[row] == weight[0]


def test_nothing_is_mixed_by_default():
    images = torch.rand(2, 1, 3, 3)
    mixed, weights = mix(images, images, AugmentationPolicy(), **PLACE, indices=[0, 1])
    assert mixed is images and weights.tolist() == [1, 1]


def test_more_than_all_cannot_be_mixed():
    with pytest.raises(UsageError) as caught:
        AugmentationPolicy(mixup=Mixup(alpha=0.2), cutmix=Cutmix(alpha=1.0, probability=0.5))
    assert str(caught.value) == (
        "augmentation.mixup.probability and augmentation.cutmix.probability must sum to at most 1, because a picture "
        "is mixed in one way at most; got 1 and 0.5"
    )
