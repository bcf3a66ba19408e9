from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image


def _encoded(picture: Image.Image | np.ndarray, picture_format: str, **options: Any) -> bytes:
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    file = io.BytesIO()
    picture.save(file, picture_format, **options)
    return file.getvalue()


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """The bytes of a picture file: encoded(picture or array, format, **Pillow's options)."""
    return _encoded


@pytest.fixture(scope="session")
def colourful() -> np.ndarray:
    """A picture (12, 20, 3) uint8 in which every pixel differs from its neighbours, smooth enough for JPEG."""
    rows, columns = np.mgrid[0:12, 0:20]
    return np.stack([rows * 20, columns * 12, 255 - rows * 10 - columns * 5], axis=-1).astype(np.uint8)
