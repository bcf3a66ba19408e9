"""Resize, crop and normalisation in a graph give Pillow's bytes."""

import itertools

import numpy as np
import pytest
import torch
from PIL import Image

from striate.conversion import PreparedPictures, prepared_pictures
from striate.pixels import Preprocessing


def rule_of(resize, resize_size, crop, *, resampling="bilinear", channels=3, fill=0):
    return Preprocessing(
        colour="rgb" if channels == 3 else "grey",
        resize=resize,
        resize_size=resize_size,
        filter=resampling,
        crop=crop,
        fill=fill,
        mean=(0.485, 0.456, 0.406)[:channels],
        std=(0.229, 0.224, 0.225)[:channels],
    )


RULES = [
    ("shorter_side", (40, 40), (32, 32)),
    ("shorter_side", (33, 20), (48, 17)),
    ("exact", (28, 28), (32, 32)),
    ("exact", (9, 70), None),
    ("pad", (31, 44), None),
    ("pad", (30, 30), (25, 41)),
    ("none", None, (50, 51)),
]
SIZES = [(40, 40), (61, 47), (90, 33), (25, 100), (7, 9), (1, 30), (200, 31), (130, 301)]


@pytest.mark.parametrize("resampling", ["bilinear", "bicubic"])
@pytest.mark.parametrize("channels", [3, 1])
def test_the_bytes_are_pillows(resampling, channels):
    generator = np.random.default_rng(channels)
    for (resize, resize_size, crop), size in itertools.product(RULES, SIZES):
        rule = rule_of(resize, resize_size, crop, resampling=resampling, channels=channels, fill=77)
        pixels = generator.integers(0, 256, (*size, channels)).astype(np.uint8)
        if generator.random() < 0.3:
            pixels = (pixels > 127).astype(np.uint8) * 255  # where bicubic weights overshoot most
        prepared = PreparedPictures(rule)
        expected = rule.resized(pixels)
        answer = prepared.pixels(torch.from_numpy(pixels)[None])[0].permute(1, 2, 0).numpy()
        assert np.array_equal(answer, expected), (rule, size)
        assert np.allclose(
            prepared(torch.from_numpy(pixels)[None]).numpy(), rule.normalise(expected[None]), rtol=0, atol=1e-6
        )


def test_the_channels_come_in_the_order_that_the_network_takes():
    """One pixel of red 10, green 20, blue 30, in Caffe's order and range."""
    rule = Preprocessing(
        colour="rgb",
        resize="exact",
        resize_size=(1, 1),
        mean=(104.0, 117.0, 123.0),
        std=(1.0, 1.0, 1.0),
        range="0..255",
        channel_order="bgr",
    )
    prepared = PreparedPictures(rule)
    pixels = torch.tensor([10, 20, 30], dtype=torch.uint8).reshape(1, 1, 1, 3)
    assert prepared.pixels(pixels).flatten().tolist() == [10, 20, 30]
    torch.testing.assert_close(prepared(pixels).flatten(), torch.tensor([-74.0, -97.0, -113.0]))


def test_a_batch_is_its_pictures_one_by_one():
    rule = rule_of("shorter_side", (20, 20), (16, 16))
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (3, 45, 31, 3)).astype(np.uint8))
    prepared = PreparedPictures(rule)
    assert torch.equal(prepared(pixels), torch.cat([prepared(one[None]) for one in pixels]))


@pytest.mark.parametrize("resampling", ["bilinear", "bicubic"])
def test_the_order_of_width_and_height_is_pillows(monkeypatch, resampling):
    """Before version 13 Pillow always resized the width first; since then sometimes the height."""
    pixels = (np.random.default_rng(0).integers(0, 2, (200, 30)) * 255).astype(np.uint8)
    method = Image.Resampling[resampling.upper()]
    narrow = Image.fromarray(pixels).resize((25, 200), method).resize((25, 40), method)
    short = Image.fromarray(pixels).resize((30, 40), method).resize((25, 40), method)
    assert not np.array_equal(narrow, short)
    rule = rule_of("exact", (40, 25), None, resampling=resampling, channels=1)
    picture = torch.from_numpy(pixels)[None, :, :, None]
    for may, expected in ((False, narrow), (True, short)):
        monkeypatch.setattr(prepared_pictures, "HEIGHT_MAY_GO_FIRST", may)
        assert np.array_equal(PreparedPictures(rule).pixels(picture)[0, 0].numpy(), np.asarray(expected))
