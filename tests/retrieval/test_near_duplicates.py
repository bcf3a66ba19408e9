"""Which pictures are the same by their pixels."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from striate.errors import PictureError
from striate.retrieval import look_alike


@pytest.fixture(scope="module")
def scene():
    rows, columns = np.mgrid[:120, :160]
    levels = 128 + 60 * np.sin(rows / 17) + 50 * np.cos(columns / 23 + rows / 31)
    return Image.fromarray(np.stack([levels, levels * 0.8, 255 - levels], axis=-1).clip(0, 255).astype(np.uint8))


def jpeg(picture, quality=90):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: jpeg(picture, 20),
        lambda picture: jpeg(picture.resize((53, 40))),
        lambda picture: jpeg(picture.resize((640, 480))),
        lambda picture: jpeg(ImageEnhance.Brightness(picture).enhance(0.7)),
        lambda picture: jpeg(ImageEnhance.Contrast(picture).enhance(0.6)),
        lambda picture: picture.convert("L"),
    ],
    ids=["JPEG 20", "a third", "four times", "darker", "less contrast", "grey"],
)
def test_copies(scene, change):
    assert look_alike(scene, change(scene))


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
        lambda picture: picture.crop((40, 30, 160, 120)),
        lambda picture: Image.fromarray(np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)),
        lambda picture: Image.new("RGB", picture.size, (128, 128, 128)),
    ],
    ids=["mirrored", "turned", "cropped", "noise", "plain"],
)
def test_others(scene, change):
    assert not look_alike(scene, change(scene))


def test_plain_pictures_are_told_by_their_brightness():
    plain = [np.full((20, 30), level, np.uint8) for level in (100, 101, 140)]
    assert look_alike(plain[0], plain[1])
    assert not look_alike(plain[0], plain[2])


def test_what_is_no_picture_is_told(scene):
    with pytest.raises(PictureError, match="the file is empty"):
        look_alike(scene, b"")
