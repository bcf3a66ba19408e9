from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from striate.errors import PictureError, UsageError
from striate.pixels import Preprocessing, decode

RGB = {"colour": "rgb", "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
GREY = {"colour": "grey", "mean": (0.1307,), "std": (0.3081,)}


def rule(**settings) -> Preprocessing:
    return Preprocessing(**{**RGB, "resize": "shorter_side", "resize_size": (8, 8), "crop": (8, 8), **settings})


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    pixels = np.random.default_rng([height, width]).integers(0, 256, (height, width, channels), dtype=np.uint8)
    pixels[: height // 2] //= 3
    return pixels


SIZES = [(64, 64), (65, 97), (97, 65), (33, 200), (200, 31), (20, 30), (7, 9), (1, 5), (3, 3), (1, 1), (61, 60)]


@pytest.mark.parametrize("kernel", ["bilinear", "bicubic"])
@pytest.mark.parametrize(
    ("side", "crop"), [(32, (28, 28)), (31, (31, 17)), (24, (32, 40)), (17, (16, 33)), (32, (32, 32))]
)
@pytest.mark.parametrize("colour", ["rgb", "grey"])
def test_shorter_side_and_crop_equal_torchvision_bit_for_bit(kernel, side, crop, colour):
    transforms = pytest.importorskip("torchvision.transforms.v2")
    chain = transforms.Compose(
        [
            transforms.Resize(side, interpolation=getattr(transforms.InterpolationMode, kernel.upper())),
            transforms.CenterCrop(crop),
        ]
    )
    channels = RGB if colour == "rgb" else GREY
    ours = rule(**channels, resize_size=(side, side), crop=crop, filter=kernel)
    for height, width in SIZES:
        pixels = noise(height, width)[..., : ours.channels]
        theirs = np.asarray(chain(Image.fromarray(pixels.squeeze(-1) if ours.channels == 1 else pixels)))
        np.testing.assert_array_equal(ours.resized(pixels), theirs.reshape(*crop, -1))


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((100, 200), (50, 100)),
        ((200, 100), (100, 50)),
        ((101, 203), (50, 100)),
        ((7, 5), (70, 50)),
        ((50, 50), (50, 50)),
    ],
)
def test_shorter_side_rounds_the_longer_side_down(size, expected):
    assert rule(resize_size=(50, 50))._resized_size(*size[::-1]) == expected[::-1]


def test_shorter_side_covers_a_size_that_is_no_square():
    wide = rule(resize_size=(10, 40))
    assert wide._resized_size(100, 100) == (40, 40)
    assert wide._resized_size(100, 20) == (50, 10)
    assert wide._resized_size(100, 25) == (40, 10)
    assert rule(resize_size=(40, 10))._resized_size(100, 100) == (40, 40)


@given(st.tuples(*[st.integers(1, 9000)] * 2), st.tuples(*[st.integers(1, 600)] * 2))
@settings(deadline=None, derandomize=True, database=None)
def test_proportional_sizes_touch_the_asked_size(size, asked):
    width, height = rule(resize_size=asked)._resized_size(*size)
    assert (width == asked[1] and height >= asked[0]) or (height == asked[0] and width >= asked[1])
    width, height = rule(resize="pad", resize_size=asked)._resized_size(*size)
    assert (width == asked[1] and 1 <= height <= asked[0]) or (height == asked[0] and 1 <= width <= asked[1])


def test_exact_is_pillows_resize():
    pixels = noise(30, 50)
    for name, resampling in (("bilinear", Image.Resampling.BILINEAR), ("bicubic", Image.Resampling.BICUBIC)):
        expected = np.asarray(Image.fromarray(pixels).resize((20, 10), resampling))
        ours = rule(resize="exact", resize_size=(10, 20), crop=None, filter=name)
        assert ours.size == (10, 20)
        np.testing.assert_array_equal(ours.resized(pixels), expected)


def test_antialiasing_averages_what_makes_a_pixel():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))[..., np.newaxis]
    values = rule(**GREY, resize="exact", resize_size=(4, 4), crop=None).resized(stripes)
    assert 120 <= values.min() <= values.max() <= 135


def test_pad_fills_evenly_with_the_odd_pixel_at_the_end():
    ours = rule(**GREY, resize="pad", resize_size=(7, 4), crop=None, fill=9)
    pixels = np.full((4, 8, 1), 200, np.uint8)
    expected = np.full((7, 4), 9, np.uint8)
    expected[2:4] = 200  # 2 rows, 5 to fill: 2 above and 3 below
    assert ours.size == (7, 4)
    np.testing.assert_array_equal(ours.resized(pixels)[..., 0], expected)
    upright = rule(**GREY, resize="pad", resize_size=(4, 7), crop=None, fill=9)
    np.testing.assert_array_equal(upright.resized(pixels.transpose(1, 0, 2))[..., 0], expected.T)


def test_pad_rounds_to_the_nearest_and_leaves_at_least_one_pixel():
    ours = rule(resize="pad", resize_size=(10, 10))
    assert ours._resized_size(4, 3) == (10, 8)
    assert ours._resized_size(20, 3) == (10, 2)
    assert ours._resized_size(1000, 1) == (10, 1)
    assert ours._resized_size(1, 1000) == (1, 10)


def test_pad_then_crop_keeps_the_centre():
    ours = rule(**GREY, resize="pad", resize_size=(6, 6), crop=(2, 6))
    pixels = np.arange(36, dtype=np.uint8).reshape(6, 6, 1)
    np.testing.assert_array_equal(ours.resized(pixels), pixels[2:4])


def test_without_resizing_the_centre_is_kept_or_filled_up():
    ours = rule(**GREY, resize="none", resize_size=None, crop=(4, 3), fill=255)
    pixels = np.arange(1, 11, dtype=np.uint8).reshape(2, 5, 1)
    np.testing.assert_array_equal(
        ours.resized(pixels)[..., 0], [[255, 255, 255], [2, 3, 4], [7, 8, 9], [255, 255, 255]]
    )
    odd = ours.resized(np.full((3, 2, 1), 7, np.uint8))[..., 0]
    np.testing.assert_array_equal(odd, [[7, 7, 255]] * 3 + [[255] * 3])


def test_what_is_cut_off_oddly_goes_as_in_torchvision():
    ours = rule(**GREY, resize="none", resize_size=None, crop=(1, 2))
    for width, first in ((3, 0), (4, 1), (5, 2), (6, 2), (7, 2), (9, 4)):
        assert ours.resized(np.arange(width, dtype=np.uint8).reshape(1, width, 1)).ravel().tolist() == [
            first,
            first + 1,
        ]


@pytest.mark.parametrize("colour", [RGB, GREY])
@pytest.mark.parametrize("resize", ["shorter_side", "exact", "pad", "none"])
def test_pixels_is_decoding_and_then_resizing(encoded, colour, resize, tmp_path):
    size = None if resize == "none" else (13, 11)
    ours = rule(**colour, resize=resize, resize_size=size, crop=(12, 14))
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(noise(40, 31), "JPEG", exif=b"Exif\0\0" + _orientation(6)))
    expected = ours.resized(decode(path, channels=ours.channels))
    assert expected.shape == (*ours.size, ours.channels) == (12, 14, ours.channels)
    for source in (path, path.read_bytes(), decode(path)):
        pixels = ours.pixels(source)
        np.testing.assert_array_equal(pixels, expected)
        assert (pixels.dtype, pixels.flags.c_contiguous, pixels.flags.writeable) == (np.uint8, True, True)


def _orientation(value: int) -> bytes:
    exif = Image.Exif()
    exif[274] = value
    return exif.tobytes()[6:]


def test_resized_never_shares_memory_and_leaves_its_input_alone():
    pixels = noise(8, 8)
    before = pixels.copy()
    for ours in (rule(), rule(resize="none", resize_size=None), rule(resize="exact", crop=None)):
        resized = ours.resized(pixels)
        np.testing.assert_array_equal(resized, before)
        assert not np.shares_memory(resized, pixels)
        assert resized.flags.writeable
    np.testing.assert_array_equal(pixels, before)


def test_errors_name_the_picture():
    with pytest.raises(PictureError, match=r"^x\.jpg: the file is empty$"):
        rule().pixels(b"", name="x.jpg")
    with pytest.raises(
        PictureError, match=r"^an array: the picture has 12 pixels \(4 x 3\), more than the limit of 11$"
    ):
        rule().pixels(np.zeros((3, 4), np.uint8), max_pixels=11)


@pytest.mark.parametrize(("shape", "width", "height"), [((2, 60000), 7680000, 256), ((60000, 2), 256, 7680000)])
def test_long_and_thin_pictures_that_would_become_huge_are_refused(shape, width, height):
    with pytest.raises(PictureError) as caught:
        rule(resize_size=(256, 256)).pixels(np.zeros(shape, np.uint8), name="thin.png")
    assert str(caught.value) == (
        f"thin.png: the picture is too long and thin: {shape[1]} x {shape[0]} pixels would be resized to "
        f"{width} x {height} by way of more than 100,000,000 pixels"
    )


def test_tall_pictures_that_would_be_huge_on_the_way_are_refused():
    with pytest.raises(PictureError, match=r"would be resized to 300 x 8 by way of"):
        rule(resize="exact", resize_size=(8, 300), crop=None).resized(np.zeros((500_000, 1, 3), np.uint8))


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 1), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
)
def test_resized_refuses_other_arrays(pixels):
    with pytest.raises(UsageError) as caught:
        rule().resized(pixels)
    assert str(caught.value) == (
        f"expected pixels of uint8 and shape (H, W, 3), got {pixels.dtype} of shape {pixels.shape}"
    )


@pytest.mark.parametrize("colour", [RGB, GREY, {"colour": "rgb", "mean": (0, 0.5, 1), "std": (1, 0.5, 0.001)}])
def test_normalise_is_right_to_the_last_bits(colour):
    ours = rule(**colour)
    pixels = np.arange(256, dtype=np.uint8)[:, np.newaxis, np.newaxis].repeat(ours.channels, axis=2)[np.newaxis]
    images = ours.normalise(pixels)
    assert (images.dtype, images.shape, images.flags.c_contiguous) == (np.float32, (1, ours.channels, 256, 1), True)
    mean, std = (np.array(values).reshape(-1, 1, 1) for values in (ours.mean, ours.std))
    exact = (np.arange(256).reshape(1, 256, 1) / 255 - mean) / std
    # The three roundings of scale, product and sum, each half a unit in the last place of at most 1 / std.
    np.testing.assert_allclose(images[0], exact, rtol=0, atol=float(1.5 * 2**-23 / min(ours.std)))


def test_normalise_agrees_with_torchvision():
    transforms = pytest.importorskip("torchvision.transforms.v2.functional")
    import torch

    ours, pixels = rule(), noise(16, 12)
    image = torch.from_numpy(pixels).permute(2, 0, 1)
    theirs = transforms.normalize(
        transforms.to_dtype(image, torch.float32, scale=True), list(ours.mean), list(ours.std)
    )
    np.testing.assert_allclose(ours.normalise(pixels[np.newaxis])[0], theirs.numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (224, 224), (5, 1), (300, 301)])
def test_normalise_gives_the_same_bits_in_any_batch(height, width):
    ours = rule()
    pixels = np.random.default_rng(0).integers(0, 256, (7, height, width, 3), dtype=np.uint8)
    together = ours.normalise(pixels)
    for size in (1, 2, 3):
        parts = [ours.normalise(pixels[start : start + size]) for start in range(0, 7, size)]
        assert np.concatenate(parts).tobytes() == together.tobytes()
    assert ours.normalise(pixels[::-1]).tobytes() == together[::-1].tobytes()
    assert ours.normalise(np.asfortranarray(pixels)).tobytes() == together.tobytes()


def test_normalise_of_nothing_is_nothing():
    assert rule().normalise(np.zeros((0, 8, 8, 3), np.uint8)).shape == (0, 3, 8, 8)
    assert rule().normalise(np.zeros((2, 0, 8, 3), np.uint8)).shape == (2, 3, 0, 8)


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 4, 3), np.uint8), np.zeros((1, 4, 4, 1), np.uint8), np.zeros((1, 4, 4, 3))]
)
def test_normalise_refuses_other_arrays(pixels):
    with pytest.raises(UsageError) as caught:
        rule().normalise(pixels)
    assert str(caught.value) == (
        f"expected pixels of uint8 and shape (N, H, W, 3), got {pixels.dtype} of shape {pixels.shape}"
    )


def test_a_rule_survives_json():
    ours = rule(filter="bicubic", crop=[7, 9], fill=3)
    written = ours.to_dict()
    assert written == {
        "decoder": "pillow",
        "exif": "applied",
        "range": "0..1",
        "colour": "rgb",
        "resize": "shorter_side",
        "resize_size": [8, 8],
        "filter": "bicubic",
        "crop": [7, 9],
        "fill": 3,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }
    again = Preprocessing.from_dict(json.loads(json.dumps(written)))
    assert again == ours
    assert hash(again) == hash(ours)
    assert again.digest == ours.digest
    bare = rule(**GREY, resize="none", resize_size=None)
    assert Preprocessing.from_dict(json.loads(json.dumps(bare.to_dict()))) == bare


def test_the_digest_is_that_of_canonical_json():
    ours = rule(**GREY)
    text = (
        '{"colour":"grey","crop":[8,8],"decoder":"pillow","exif":"applied","fill":0,"filter":"bilinear",'
        '"mean":[0.1307],"range":"0..1","resize":"shorter_side","resize_size":[8,8],"std":[0.3081]}'
    )
    assert ours.digest == hashlib.sha256(text.encode()).hexdigest()
    assert rule(**GREY, fill=1).digest != ours.digest
    zero = rule(colour="grey", mean=[-0.0], std=[np.float64(1)])
    assert zero.digest == rule(colour="grey", mean=(0,), std=(1,)).digest


def test_rules_are_frozen_and_can_be_copied():
    ours = rule()
    with pytest.raises(dataclasses.FrozenInstanceError):
        ours.fill = 3
    assert dataclasses.replace(ours, fill=3).fill == 3
    for other in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert other == ours
        pixels = noise(8, 8)[np.newaxis]
        assert other.normalise(pixels).tobytes() == ours.normalise(pixels).tobytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fill": None}, "fill is None; expected a whole number from 0 to 255"),
        ({"colour": "bgr"}, "colour is 'bgr'; expected 'rgb', 'grey'"),
        ({"resize": "crop"}, "resize is 'crop'; expected 'shorter_side', 'exact', 'pad', 'none'"),
        ({"filter": "nearest"}, "filter is 'nearest'; expected 'bilinear', 'bicubic'"),
        ({"fill": 256}, "fill is 256; expected a whole number from 0 to 255"),
        ({"fill": True}, "fill is True; expected a whole number from 0 to 255"),
        ({"fill": 1.0}, "fill is 1.0; expected a whole number from 0 to 255"),
        ({"crop": 224}, "crop is 224; expected (height, width) in pixels"),
        ({"crop": (1, 2, 3)}, "crop is (1, 2, 3); expected (height, width) in pixels"),
        ({"crop": (0, 5)}, "crop's height is 0; expected a whole number from 1 to 65535"),
        ({"resize_size": (5, "6")}, "resize_size's width is '6'; expected a whole number from 1 to 65535"),
        ({"mean": (0.5,)}, "mean is (0.5,); expected 3 numbers, one for each channel"),
        ({"mean": 0.5}, "mean is 0.5; expected 3 numbers, one for each channel"),
        ({"mean": ("a", 0, 0)}, "mean is ('a', 0, 0); expected 3 numbers, one for each channel"),
        ({"std": (0.5, float("nan"), 1)}, "std is (0.5, nan, 1); expected 3 numbers, one for each channel"),
        ({"colour": "grey", "std": (0.5,)}, "mean is (0.485, 0.456, 0.406); expected one number"),
        (
            {"mean": (123.7, 116.3, 103.5)},
            "mean is (123.7, 116.3, 103.5); expected numbers of the 0..1 range: divide those of 0..255 by 255",
        ),
        (
            {"std": (-0.1, 0.5, 0.5)},
            "std is (-0.1, 0.5, 0.5); expected numbers of the 0..1 range: divide those of 0..255 by 255",
        ),
        ({"std": (0, 0.5, 0.5)}, "std is (0, 0.5, 0.5); expected numbers above 0"),
        ({"resize": "none"}, "resize 'none' takes no resize_size, got (8, 8)"),
        ({"resize_size": None}, "resize 'shorter_side' takes a resize_size (height, width), got None"),
        (
            {"crop": None},
            "resize 'shorter_side' without crop gives pictures of different sizes; give crop as (height, width)",
        ),
        (
            {"resize": "none", "resize_size": None, "crop": None},
            "resize 'none' without crop gives pictures of different sizes; give crop as (height, width)",
        ),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(changes, message):
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        rule(**changes)


def test_from_dict_names_missing_unknown_and_other_constants():
    written = rule().to_dict()
    keys = "colour, crop, decoder, exif, fill, filter, mean, range, resize, resize_size, std"
    for change, message in (
        ({"fill": ...}, f"the preprocessing lacks fill; expected the keys {keys}"),
        ({"gamma": 2}, f"the preprocessing has unknown gamma; expected the keys {keys}"),
        ({"std": ..., "x": 1}, f"the preprocessing lacks std and has unknown x; expected the keys {keys}"),
        ({"decoder": "opencv"}, "the preprocessing's decoder is 'opencv'; expected 'pillow'"),
        ({"exif": None}, "the preprocessing's exif is None; expected 'applied'"),
        ({"range": "0..2"}, "range is '0..2'; expected '0..1', '0..255'"),
        ({"crop": "8x8"}, "crop is '8x8'; expected (height, width) in pixels"),
    ):
        values = {key: value for key, value in {**written, **change}.items() if value is not ...}
        with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
            Preprocessing.from_dict(values)


CAFFE = {"mean": (104.0, 117.0, 123.0), "std": (1.0, 1.0, 1.0), "range": "0..255", "channel_order": "bgr"}


def test_caffes_order_of_channels_and_range_by_hand():
    """A picture of one pixel, red 10, green 20, blue 30: blue less 104, green less 117, red less 123."""
    caffe = rule(**CAFFE, resize="exact", resize_size=(1, 1), crop=None)
    pixels = np.array([10, 20, 30], np.uint8).reshape(1, 1, 1, 3)
    assert caffe.normalise(pixels).flatten().tolist() == [-74.0, -97.0, -113.0]
    assert caffe.resized(pixels[0]).flatten().tolist() == [10, 20, 30]  # pixels are red, green, blue
    assert np.array_equal(caffe.restored(caffe.normalise(pixels)), pixels)
    assert caffe.statistics == ((104 / 255, 117 / 255, 123 / 255), (1 / 255,) * 3) and caffe.reverses_channels
    scaled = rule(**CAFFE | {"std": (57.375,) * 3}, resize="exact", resize_size=(1, 1), crop=None)
    assert scaled.normalise(pixels).flatten() == pytest.approx([-74 / 57.375, -97 / 57.375, -113 / 57.375], rel=1e-6)


def test_the_order_alone_exchanges_red_and_blue():
    pixels = noise(8, 8)[np.newaxis]
    one = rule(mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    other = rule(mean=(0.3, 0.2, 0.1), std=(0.6, 0.5, 0.4), channel_order="bgr")
    assert np.array_equal(one.normalise(pixels)[:, ::-1], other.normalise(pixels))
    assert other.normalise(pixels).flags.c_contiguous
    assert np.array_equal(other.restored(other.normalise(pixels)), pixels)


def test_a_rule_as_it_always_was_is_written_as_it_always_was():
    """Bundles are bound to the digest of their rule."""
    table = rule().to_dict()
    assert table["range"] == "0..1" and "channel_order" not in table
    assert rule().digest == "079cfd6cce9a31a593ae37241c5393ac8c9251886abf8f9cc7206c3739f6ddc5"
    caffe = rule(**CAFFE)
    assert caffe.to_dict()["channel_order"] == "bgr" and caffe.to_dict()["range"] == "0..255"
    assert Preprocessing.from_dict(caffe.to_dict()) == caffe
    assert Preprocessing.from_dict(table | {"channel_order": "rgb"}) == rule()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"channel_order": "grb"}, "channel_order is 'grb'; expected 'rgb', 'bgr'"),
        ({"range": "0..2"}, "range is '0..2'; expected '0..1', '0..255'"),
        ({"mean": (104.0, 117.0, 256.0), "range": "0..255"}, "expected numbers of the 0..255 range"),
        ({**GREY, "channel_order": "bgr"}, "channel_order 'bgr' is for three channels; grey pictures have one"),
    ],
)
def test_an_order_or_a_range_that_makes_no_sense_is_refused(settings, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        rule(**settings)
