"""Bytes to numbers: the one decoder and the one preprocessing, for training, evaluation, prediction and serving alike.

Needs NumPy and Pillow, and never loads torch.
"""

from __future__ import annotations

from striate.pixels.decoding import (
    DEFAULT_MAX_PIXELS,
    PictureFacts,
    PictureSource,
    decode,
    measure,
)
from striate.pixels.formats import PICTURE_EXTENSIONS
from striate.pixels.preprocessing import Preprocessing
from striate.pixels.walking import PictureWalk

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "PICTURE_EXTENSIONS",
    "PictureFacts",
    "PictureSource",
    "PictureWalk",
    "Preprocessing",
    "decode",
    "measure",
]
