"""Arrays as pictures: what each shape means, in one place. None is guessed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.errors import PictureError
from striate.pixels.limits import check_size

_EXPECTED = (
    "expected uint8 of shape (H, W) or (H, W, 1), grey, (H, W, 2), grey and alpha, (H, W, 3), RGB, "
    "or (H, W, 4), RGB and alpha"
)
_CHANNELS = (1, 2, 3, 4)


def array_picture(array: npt.NDArray[Any], *, max_pixels: int, name: str) -> Image.Image:
    """One array as Pillow's picture, in mode L, LA, RGB or RGBA: it is treated as a file with these channels is.

    Args:
        array: uint8 of shape (H, W) or (H, W, 1), grey, (H, W, 2), grey and alpha, (H, W, 3), RGB, or (H, W, 4), RGB and
            alpha. An array whose first axis has 3 places is refused, (3, W, 3) too: it may have its channels first.
        max_pixels: The most pixels that the picture may have.
        name: Which picture, for the error.

    Raises:
        PictureError: If the array is of another type or shape, or has too many pixels or none.
    """
    if array.dtype != np.uint8:
        raise PictureError(name, f"{_EXPECTED}; got {array.dtype} of shape {array.shape}{_remedy_for_type(array)}")
    if array.ndim not in (2, 3) or (array.ndim == 3 and (array.shape[2] not in _CHANNELS or _is_ambiguous(array))):
        raise PictureError(name, f"{_EXPECTED}; got uint8 of shape {array.shape}{_remedy_for_shape(array)}")
    check_size(array.shape[1], array.shape[0], max_pixels=max_pixels, name=name)
    return Image.fromarray(array[..., 0] if array.shape[2:] == (1,) else array)


def pictures_of(array: npt.NDArray[Any], name: str) -> Iterable[Any]:
    """What an array holds, one picture or many: (H, W) and (H, W, C) with C of 1 to 4 are one, (n, H, W) and (n, H, W, C) many.

    (3, H, W) is left to who reads it: it may have its channels first, or be three grey pictures. A one-dimensional array
    of paths, or of anything else that can be a picture, is many, and an empty one is none.

    Raises:
        PictureError: If the shape is none of these, or it cannot be told.
    """
    if array.dtype.kind in "OUST":
        if array.ndim > 1:
            raise PictureError(
                name, f"expected paths in one dimension, got an array of shape {array.shape}; flatten it"
            )
        return [array.item()] if array.ndim == 0 else array.tolist()
    if array.ndim == 1 and not array.size:
        return []
    if array.ndim == 4 and (array.shape[3] in _CHANNELS or not len(array)):
        return list(array)
    if array.ndim == 3 and array.shape[2] not in _CHANNELS and array.shape[0] != 3:
        return list(array)
    return [array]  # one picture, or what its reader refuses


def is_tensor(value: object) -> bool:
    """Whether a value is a tensor of another library, by where its type comes from: the library is not loaded for it."""
    return type(value).__module__.partition(".")[0] in {"torch", "torchvision", "tensorflow", "jax", "jaxlib", "cupy"}


def _is_ambiguous(array: npt.NDArray[Any]) -> bool:
    return int(array.shape[0]) == 3


def _remedy_for_type(array: npt.NDArray[Any]) -> str:
    if array.dtype == np.bool_:
        return "; multiply it by 255, and give it by .astype(numpy.uint8)"
    if array.dtype.kind in "iuf" and array.size:
        return "; scale it to 0 to 255, and give it by .astype(numpy.uint8)"
    return ""


def _remedy_for_shape(array: npt.NDArray[Any]) -> str:
    """What to do about a shape that is no picture's."""
    shape = array.shape
    if array.ndim == 3 and shape[0] == 3 and shape[2] in _CHANNELS:
        return (
            ", of which it cannot be told whether its channels are first or last: give it by .transpose(1, 2, 0) if they are "
            "first, and as PIL.Image.fromarray(array) if they are last"
        )
    if array.ndim == 3 and shape[0] in (3, 4):
        return (
            f", which may be a picture with its channels first, or {shape[0]} grey ones: give the one by "
            ".transpose(1, 2, 0), and the others as a list, or in the shape (n, H, W, 1)"
        )
    if array.ndim == 4 and shape[1] in _CHANNELS and shape[3] not in _CHANNELS:
        return ", which may be pictures with their channels first: give them by .transpose(0, 2, 3, 1)"
    if array.ndim == 4 or (array.ndim == 3 and shape[1] > 4 and shape[2] > 4):
        return ", which may be many pictures: give one of them"
    return ""
