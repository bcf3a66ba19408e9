"""What the defaults look at: the sample of pixels is one for all that is measured on it."""

import dataclasses

import numpy as np

from striate.data import ArrayPictures, Dataset
from striate.data.facts import SAMPLED, PixelSample
from striate.pixels import Preprocessing

RULE = Preprocessing(colour="grey", resize="none", crop=(4, 4), mean=(0.5,), std=(0.5,))


def numbered(count):
    """Grey pictures of one value each."""
    pixels = np.broadcast_to((np.arange(count) % 256).astype(np.uint8).reshape(-1, 1, 1), (count, 4, 4))
    pictures = ArrayPictures.whole({"numbered": np.ascontiguousarray(pixels)})
    labels = (np.arange(count) % 2).astype(np.int32)
    return Dataset("numbered", "numbered", ("a", "b"), pictures, labels, np.ones(count, np.uint8))


def test_a_sample_is_even_and_bounded():
    count = 2 * SAMPLED
    pixels = PixelSample(numbered(count)).pixels(RULE)
    assert pixels.shape == (SAMPLED, 4, 4, 1)
    steps = np.diff(pixels[:, 0, 0, 0].astype(int)) % 256
    assert pixels[0, 0, 0, 0] == 0 and pixels[-1, 0, 0, 0] == (count - 1) % 256 and set(steps) == {2, 3}


def test_pictures_are_read_once_for_rules_that_differ_in_what_changes_no_pixel(monkeypatch):
    dataset, read = numbered(6), []
    original = ArrayPictures.read
    monkeypatch.setattr(ArrayPictures, "read", lambda self, index: read.append(index) or original(self, index))
    sample = PixelSample(dataset)
    first = sample.pixels(RULE)
    assert sample.pixels(dataclasses.replace(RULE, mean=(100.0,), std=(2.0,), range="0..255")) is first
    assert read == list(range(6))
    smaller = sample.pixels(dataclasses.replace(RULE, crop=(2, 2)))
    assert smaller.shape == (6, 2, 2, 1) and len(read) == 12
