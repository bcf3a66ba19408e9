"""What the shapes of arrays mean: one picture, or a refusal; never a guess."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from striate.errors import PictureError
from striate.pixels import decode, measure
from striate.pixels.arrays import pictures_of

EXPECTED = (
    "expected uint8 of shape (H, W) or (H, W, 1), grey, (H, W, 2), grey and alpha, (H, W, 3), RGB, "
    "or (H, W, 4), RGB and alpha; got "
)


@pytest.mark.parametrize(
    "shape", [(6, 7), (6, 7, 1), (6, 7, 2), (6, 7, 3), (6, 7, 4), (1, 1), (1, 1, 1), (4, 9, 3), (2, 9, 4)]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_an_array_is_what_a_file_with_its_channels_is(encoded, shape, channels):
    array = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    file = encoded(Image.fromarray(array[..., 0] if shape[2:] == (1,) else array), "PNG")
    before = array.copy()
    for view in (array, np.asfortranarray(array), np.repeat(array, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(decode(view, channels=channels), decode(file, channels=channels))
    np.testing.assert_array_equal(array, before)
    assert (measure(array).mode, measure(array).channels_needed) == (measure(file).mode, measure(file).channels_needed)


def test_alpha_is_composited_on_white():
    array = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]], np.uint8)
    assert decode(array).tolist() == [[[10, 20, 30], [255, 255, 255], [127, 127, 127]]]
    assert decode(array[..., 2:], channels=1).ravel().tolist() == [30, 255, 127]


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((0, 5, 3), np.uint8), "the picture has no pixels (5 x 0)"),
        (np.zeros((4, 0), np.uint8), "the picture has no pixels (0 x 4)"),
        (
            np.zeros((4, 5, 5), np.uint8),
            EXPECTED + "uint8 of shape (4, 5, 5), which may be a picture with its channels first, "
            "or 4 grey ones: give the one by .transpose(1, 2, 0), and the others as a list, or in the shape (n, H, W, 1)",
        ),
        (
            np.zeros((3, 24, 20), np.uint8),
            EXPECTED + "uint8 of shape (3, 24, 20), which may be a picture with its channels first, "
            "or 3 grey ones: give the one by .transpose(1, 2, 0), and the others as a list, or in the shape (n, H, W, 1)",
        ),
        (
            np.zeros((3, 24, 3), np.uint8),
            EXPECTED + "uint8 of shape (3, 24, 3), of which it cannot be told whether its channels "
            "are first or last: give it by .transpose(1, 2, 0) if they are first, and as PIL.Image.fromarray(array) if they are last",
        ),
        (
            np.zeros((9, 24, 20), np.uint8),
            EXPECTED + "uint8 of shape (9, 24, 20), which may be many pictures: give one of them",
        ),
        (
            np.zeros((2, 4, 5, 3), np.uint8),
            EXPECTED + "uint8 of shape (2, 4, 5, 3), which may be many pictures: give one of them",
        ),
        (
            np.zeros((2, 3, 8, 9), np.uint8),
            EXPECTED + "uint8 of shape (2, 3, 8, 9), which may be pictures with their channels "
            "first: give them by .transpose(0, 2, 3, 1)",
        ),
        (np.zeros((3,), np.uint8), EXPECTED + "uint8 of shape (3,)"),
        (
            np.zeros((4, 5), np.float32),
            EXPECTED + "float32 of shape (4, 5); scale it to 0 to 255, and give it by .astype(numpy.uint8)",
        ),
        (
            np.zeros((4, 5, 3), np.int64),
            EXPECTED + "int64 of shape (4, 5, 3); scale it to 0 to 255, and give it by .astype(numpy.uint8)",
        ),
        (
            np.zeros((4, 5), bool),
            EXPECTED + "bool of shape (4, 5); multiply it by 255, and give it by .astype(numpy.uint8)",
        ),
        (np.array(["a.png"]), EXPECTED + "<U5 of shape (1,)"),
    ],
)
def test_other_arrays_are_refused(array, reason):
    for read in (decode, measure):
        with pytest.raises(PictureError) as caught:
            read(array, name="row 3")
        assert str(caught.value) == f"row 3: {reason}"


def test_a_picture_of_three_rows_is_taken_from_pillow():
    assert decode(Image.fromarray(np.zeros((3, 24, 3), np.uint8))).shape == (3, 24, 3)


@pytest.mark.parametrize(
    ("shape", "many"),
    [
        *(((8, 9), 1), ((8, 9, 1), 1), ((8, 9, 2), 1), ((8, 9, 3), 1), ((8, 9, 4), 1), ((0, 5, 3), 1)),
        *(
            ((5, 8, 9), 5),
            ((4, 8, 9), 4),
            ((1, 8, 9), 1),
            ((0, 8, 9), 0),
            ((0,), 0),
            ((2, 8, 9, 1), 2),
            ((2, 8, 9, 4), 2),
        ),
        *(
            ((3, 8, 9), 1),
            ((3, 8, 3), 1),
            ((2, 3, 8, 9), 1),
            ((2, 2, 8, 9, 3), 1),
            ((0, 8, 9, 3), 0),
        ),  # one, to be refused
    ],
)
def test_how_many_pictures_a_shape_is(shape, many):
    assert len(list(pictures_of(np.zeros(shape, np.uint8), "an array"))) == many


def test_arrays_of_paths():
    for kind in (np.str_, object):
        assert list(pictures_of(np.array(["a.png", "b.png"], kind), "an array")) == ["a.png", "b.png"]
    assert list(pictures_of(np.array("a.png"), "an array")) == ["a.png"]
    assert list(pictures_of(np.array([]), "an array")) == []
    with pytest.raises(
        PictureError, match=r"^x: expected paths in one dimension, got an array of shape \(1, 2\); flatten it$"
    ):
        pictures_of(np.array([["a.png", "b.png"]]), "x")


def test_a_tensor_is_refused_with_what_to_do():
    torch = pytest.importorskip("torch")
    with pytest.raises(PictureError) as caught:
        decode(torch.zeros(3, 8, 8), name="a")
    assert str(caught.value) == (
        "a: expected an array, got a tensor: give its pixels as a NumPy array of uint8 and shape (H, W, 3)"
    )
