"""Every colour mode that a picture may have, to 8 bits of grey or RGB.

| stored                    | becomes                                                                                 |
|---------------------------|-----------------------------------------------------------------------------------------|
| 1, L, RGB                 | as it is; 1 becomes 0 and 255                                                           |
| P                         | the colours of its palette                                                              |
| any with transparency     | composited on white: an alpha channel (LA, PA, RGBA), a transparent colour, or a palette |
|                           | with transparent entries                                                                |
| CMYK, YCbCr, HSV, LAB     | RGB by Pillow's arithmetic; CMYK JPEGs are inverted ones, as Adobe and browsers have it |
| I;16 (all byte orders)    | 16 bits (or TIFF's 12) of grey scaled to 8, rounded to the nearest: 65535 becomes 255   |
| 16 bits a channel in RGB  | the higher byte of each                                                                 |
| I (32-bit integers)       | scaled as 16 bits; values outside 0 to 65535 are refused                                |
| F (32-bit floats)         | values within 0 to 1 times 255, or values within 0 to 255 (the highest at least 2) as    |
|                           | they are, rounded to the nearest; all else is refused, NaN and infinities too            |

RGB becomes grey as Pillow's L does it, by the luma of ITU-R 601-2: (19595 R + 38470 G + 7471 B + 32768) // 65536. Grey
becomes RGB by repeating it. Colour profiles and gamma are not applied.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.errors import PictureError

GREY_MODES = frozenset({"1", "F", "I", "I;16", "I;16B", "I;16L", "I;16N", "L", "LA", "La"})
_KNOWN_MODES = GREY_MODES | {"CMYK", "HSV", "LAB", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "YCbCr"}


def flatten(picture: Image.Image, *, channels: int, black: int, white: int, name: str) -> Image.Image:
    """The picture in mode L (one channel) or RGB (three).

    Args:
        picture: A picture whose pixels are decoded, in any mode.
        channels: 1 or 3.
        black: What black is in a picture of 16 bits.
        white: What white is in a picture of 16 bits.
        name: Which picture, for the error.

    Raises:
        PictureError: If the mode is not known, or the values of a 32-bit picture are in no known range.
    """
    mode = picture.mode
    if mode not in _KNOWN_MODES:
        raise PictureError(name, f"the picture has the colour mode {mode}, which cannot be read")
    if mode.startswith("I;16"):
        picture = _sixteen_bits(picture, black, white)
    elif mode == "I":
        picture = _integers(picture, name)
    elif mode == "F":
        picture = _floats(picture, name)
    elif picture.has_transparency_data:
        picture = _on_white(picture)
    elif mode not in ("L", "RGB"):
        picture = picture.convert("L" if mode == "1" else "RGB")
    wanted = "L" if channels == 1 else "RGB"
    return picture if picture.mode == wanted else picture.convert(wanted)


def _on_white(picture: Image.Image) -> Image.Image:
    """Transparency composited on white: (c a + 255 (255 - a)) / 255 for each channel, rounded to the nearest."""
    if picture.mode not in ("LA", "RGBA"):
        picture = picture.convert("LA" if picture.mode in GREY_MODES else "RGBA")
    opaque = "L" if picture.mode == "LA" else "RGB"
    white = Image.new(opaque, picture.size, "white")
    white.paste(picture.convert(opaque), mask=picture.getchannel("A"))
    return white


def _sixteen_bits(picture: Image.Image, black: int, white: int) -> Image.Image:
    values = np.asarray(picture).astype(np.int32)
    scaled = _scaled(values, black, white)
    transparent = picture.info.get("transparency")
    if isinstance(transparent, int):
        scaled[values == transparent] = 255
    return Image.fromarray(scaled)


def _integers(picture: Image.Image, name: str) -> Image.Image:
    values = np.asarray(picture)
    low, high = values.min(), values.max()
    if low < 0 or high > 65535:
        raise PictureError(
            name,
            f"the picture has 32-bit integers from {low} to {high}; expected 0 to 65535: scale it first",
        )
    return Image.fromarray(_scaled(values, 0, 65535))


def _scaled(values: npt.NDArray[np.int32], black: int, white: int) -> npt.NDArray[np.uint8]:
    top = max(black, white)
    values = np.minimum(values, top)
    if black > white:
        values = top - values
    return ((values * 255 + top // 2) // top).astype(np.uint8)


def _floats(picture: Image.Image, name: str) -> Image.Image:
    values = np.asarray(picture)
    if not np.isfinite(values).all():
        raise PictureError(name, "the picture has 32-bit floats that are NaN or infinite")
    low, high = float(values.min()), float(values.max())
    # A highest value between 1 and 2 is refused: 0..1 that overshoots would otherwise turn black without a word.
    if low < 0 or 1 < high < 2 or high > 255:
        raise PictureError(
            name,
            f"the picture has 32-bit floats from {low:g} to {high:g}; expected 0 to 1 or 0 to 255: scale it first",
        )
    return Image.fromarray(np.rint(values * 255 if high <= 1 else values).astype(np.uint8))
