"""Pictures as `data:` addresses, small enough to travel inside a page."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.errors import UsageError

PIXELATED_UP_TO = 64  # longest side in pixels: such pictures keep every pixel and are drawn with hard edges
JPEG_QUALITY = 80

Picture = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Thumbnail:
    """A picture ready for an `img` element."""

    source: str  # a data: address
    width: int  # as drawn, in CSS pixels
    height: int
    pixelated: bool


def thumbnail(picture: Picture, *, side: int) -> Thumbnail:
    """A picture scaled to `side` CSS pixels, its proportions kept.

    Small pictures are stored whole (PNG) and drawn larger by a whole factor, so that each pixel is a square. Others are
    scaled down to one and a half times `side`, which is sharp on dense screens, and stored as JPEG.

    Args:
        picture: (H, W), (H, W, 1) or (H, W, 3) uint8, grey or RGB.
        side: The longest side as drawn, in CSS pixels; pixelated pictures come as near to it as a whole factor allows.

    Raises:
        UsageError: If the array is not a picture.

    Example:
        >>> drawn = thumbnail(np.zeros((8, 8), dtype=np.uint8), side=84)
        >>> drawn.width, drawn.pixelated, drawn.source[:22]
        (80, True, 'data:image/png;base64,')
    """
    picture = np.asarray(picture)
    channels = picture.shape[2] if picture.ndim == 3 else 1
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or channels not in (1, 3) or picture.size == 0:
        raise UsageError(
            "a picture in a report must be uint8 of shape (H, W), (H, W, 1) or (H, W, 3); "
            f"got {picture.dtype} {picture.shape}"
        )
    image = Image.fromarray(np.ascontiguousarray(picture if channels == 3 else picture.reshape(picture.shape[:2])))
    longest = max(image.size)
    stored = io.BytesIO()
    if longest <= PIXELATED_UP_TO:
        factor = max(1, round(side / longest))
        image.save(stored, format="PNG", optimize=True)
        width, height, kind = image.width * factor, image.height * factor, "png"
    else:
        scale = side / longest
        width, height, kind = max(1, round(image.width * scale)), max(1, round(image.height * scale)), "jpeg"
        image.thumbnail((side * 3 // 2, side * 3 // 2), Image.Resampling.LANCZOS)
        image.save(stored, format="JPEG", quality=JPEG_QUALITY, optimize=True)
    text = base64.b64encode(stored.getvalue()).decode("ascii")
    return Thumbnail(f"data:image/{kind};base64,{text}", width, height, pixelated=longest <= PIXELATED_UP_TO)
