"""Pictures keep their pixels where they are small, and lose weight where they are not."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from striate.errors import UsageError
from striate.report.thumbnails import thumbnail


def stored(drawn):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(drawn.source.split(",")[1]))))


@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (32, 32, 3), (64, 64, 3), (1, 1), (5, 60, 3)])
def test_small_pictures_keep_every_pixel(shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    drawn = thumbnail(picture, side=80)
    assert drawn.pixelated
    assert drawn.source.startswith("data:image/png;base64,")
    np.testing.assert_array_equal(stored(drawn), picture)
    assert drawn.width % shape[1] == 0
    assert drawn.width // shape[1] == drawn.height // shape[0]
    assert 50 <= max(drawn.width, drawn.height) <= 110


def test_grey_in_three_dimensions_is_the_same():
    picture = np.arange(64, dtype=np.uint8).reshape(8, 8)
    assert thumbnail(picture[..., None], side=80) == thumbnail(picture, side=80)


@pytest.mark.parametrize(
    ("shape", "drawn_as", "stored_as"),
    [
        ((300, 600, 3), (80, 40), (60, 120, 3)),
        ((65, 65), (80, 80), (65, 65)),
        ((3, 4000, 3), (80, 1), (1, 120, 3)),
        ((4000, 3), (1, 80), (120, 1)),
    ],
)
def test_large_pictures_are_scaled_down(shape, drawn_as, stored_as):
    drawn = thumbnail(np.full(shape, 200, dtype=np.uint8), side=80)
    assert not drawn.pixelated
    assert drawn.source.startswith("data:image/jpeg;base64,")
    assert (drawn.width, drawn.height) == drawn_as
    assert stored(drawn).shape == stored_as
    assert abs(int(stored(drawn).mean()) - 200) <= 1
    assert len(drawn.source) < 1500


def test_views_are_taken_too():
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    np.testing.assert_array_equal(stored(thumbnail(picture[::-2, 1::3, ::-1], side=80)), picture[::-2, 1::3, ::-1])


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 4)),
        np.zeros(4, np.uint8),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(picture):
    with pytest.raises(UsageError) as caught:
        thumbnail(picture, side=80)
    assert str(caught.value) == (
        "a picture in a report must be uint8 of shape (H, W), (H, W, 1) or (H, W, 3); "
        f"got {picture.dtype} {picture.shape}"
    )
