"""Every colour mode that a picture may have, to 8 bits of grey or RGB.

| stored                    | becomes                                                                                 |
|---------------------------|-----------------------------------------------------------------------------------------|
| 1, L, RGB                 | as it is; 1 becomes 0 and 255                                                           |
| P                         | the colours of its palette                                                              |
| any with transparency     | composited on white: an alpha channel (LA, PA, RGBA), a transparent colour, or a palette |
|                           | with transparent entries                                                                |
| CMYK, YCbCr, HSV, LAB     | RGB by Pillow's arithmetic; CMYK JPEGs are inverted ones, as Adobe and browsers have it |
| I;16 (all byte orders)    | 16 bits (or TIFF's 12) of grey scaled to 8, rounded to the nearest: 65535 becomes 255   |
| I;16 that states fewer    | scaled from these bits: by TIFF's MaxSampleValue, if that is a number of bits, or by     |
|                           | PNG's sBIT, if the values are not scaled as PNG has it                                  |
| 16 bits a channel in RGB  | the higher byte of each                                                                 |
| I (32-bit integers)       | values within 0 to 255 as they are; else as 16 bits (or what the file states);           |
|                           | values outside 0 to 65535 are refused                                                   |
| F (32-bit floats)         | values within 0 to 1 times 255, or values within 0 to 255 (the highest at least 2) as    |
|                           | they are, rounded to the nearest; all else is refused, NaN and infinities too            |

RGB becomes grey as Pillow's L does it, by the luma of ITU-R 601-2: (19595 R + 38470 G + 7471 B + 32768) // 65536. Grey
becomes RGB by repeating it. Colour profiles and gamma are not applied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.errors import PictureError

GREY_MODES = frozenset({"1", "F", "I", "I;16", "I;16B", "I;16L", "I;16N", "L", "LA", "La"})
_BAND = 1 << 20  # pixels worked on at a time, where what is made on the way takes much more than they do
_KNOWN_MODES = GREY_MODES | {"CMYK", "HSV", "LAB", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "YCbCr"}


def flatten(
    picture: Image.Image, *, channels: int, black: int, white: int, name: str, stated: int | None = None
) -> Image.Image:
    """The picture in mode L (one channel) or RGB (three).

    Args:
        picture: A picture whose pixels are decoded, in any mode.
        channels: 1 or 3.
        black: What black is in a picture of 16 bits.
        white: What white is in a picture of 16 bits.
        name: Which picture, for the error.
        stated: What white is by the file's own words, if its values keep to them.

    Raises:
        PictureError: If the mode is not known, or the values of a 32-bit picture are in no known range.
    """
    mode = picture.mode
    if mode not in _KNOWN_MODES:
        raise PictureError(name, f"the picture has the colour mode {mode}, which cannot be read")
    if mode.startswith("I;16"):
        picture = _sixteen_bits(picture, black, white, stated)
    elif mode == "I":
        picture = _integers(picture, name, stated)
    elif mode == "F":
        picture = _floats(picture, name)
    elif picture.has_transparency_data:
        picture = _in_bands(picture, "L" if mode in GREY_MODES else "RGB", _on_white)
    elif mode not in ("L", "RGB"):
        picture = picture.convert("L" if mode == "1" else "RGB")
    wanted = "L" if channels == 1 else "RGB"
    return picture if picture.mode == wanted else picture.convert(wanted)


def bands(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """The picture in bands of some rows from the top, each with where it begins: what is made of one is small."""
    if picture.width * picture.height <= _BAND:
        yield 0, picture
        return
    rows = max(1, _BAND // picture.width)
    for top in range(0, picture.height, rows):
        yield top, picture.crop((0, top, picture.width, min(top + rows, picture.height)))


def _in_bands(picture: Image.Image, mode: str, work: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """What `work` makes of a picture, in `mode`; the memory between is that of a band."""
    if picture.width * picture.height <= _BAND:
        return work(picture)
    whole = Image.new(mode, picture.size)
    for top, band in bands(picture):
        whole.paste(work(band), (0, top))
    return whole


def _on_white(picture: Image.Image) -> Image.Image:
    """Transparency composited on white: (c a + 255 (255 - a)) / 255 for each channel, rounded to the nearest."""
    if picture.mode not in ("LA", "RGBA"):
        picture = picture.convert("LA" if picture.mode in GREY_MODES else "RGBA")
    opaque = "L" if picture.mode == "LA" else "RGB"
    white = Image.new(opaque, picture.size, "white")
    white.paste(picture.convert(opaque), mask=picture.getchannel("A"))
    return white


def _sixteen_bits(picture: Image.Image, black: int, white: int, stated: int | None) -> Image.Image:
    if stated is not None and _keeps_to(picture, stated):
        black, white = (stated, 0) if black > white else (0, stated)
    transparent = picture.info.get("transparency")

    def scaled(band: Image.Image) -> Image.Image:
        values = np.asarray(band).astype(np.int32)
        pixels = _scaled(values, black, white)
        if isinstance(transparent, int):
            pixels[values == transparent] = 255
        return Image.fromarray(pixels)

    return _in_bands(picture, "L", scaled)


def _keeps_to(picture: Image.Image, stated: int) -> bool:
    """Whether 16-bit values are of the few bits that are stated, 0 to 2^n - 1, and not these scaled to 16 bits already.

    Scaled ones, as PNG wants them, are shifted to the left or multiplied by 65535 / (2^n - 1). Where all values could be
    that, they are taken as it: such a picture was dark.
    """
    shift, unscaled = 16 - stated.bit_length(), False
    for _, band in bands(picture):
        values = np.asarray(band).astype(np.int64)
        if values.max() > stated:
            return False
        few = values >> shift
        unscaled |= bool(np.any((values != few << shift) & (values != (few * 65535 + stated // 2) // stated)))
    return unscaled


def _integers(picture: Image.Image, name: str, stated: int | None) -> Image.Image:
    low, high = picture.getextrema()
    if low < 0 or high > 65535:
        raise PictureError(
            name,
            f"the picture has 32-bit integers from {low} to {high}; expected 0 to 65535: scale it first",
        )
    white = 255 if high <= 255 else stated if stated is not None and high <= stated else 65535
    return _in_bands(picture, "L", lambda band: Image.fromarray(_scaled(np.asarray(band), 0, white)))


def _scaled(values: npt.NDArray[np.int32], black: int, white: int) -> npt.NDArray[np.uint8]:
    top = max(black, white)
    values = np.minimum(values, top)
    if black > white:
        values = top - values
    return ((values * 255 + top // 2) // top).astype(np.uint8)


def _floats(picture: Image.Image, name: str) -> Image.Image:
    if not all(np.isfinite(np.asarray(band)).all() for _, band in bands(picture)):
        raise PictureError(name, "the picture has 32-bit floats that are NaN or infinite")
    low, high = picture.getextrema()
    # A highest value between 1 and 2 is refused: 0..1 that overshoots would otherwise turn black without a word.
    if low < 0 or 1 < high < 2 or high > 255:
        raise PictureError(
            name,
            f"the picture has 32-bit floats from {low:g} to {high:g}; expected 0 to 1 or 0 to 255: scale it first",
        )
    factor = np.float32(255 if high <= 1 else 1)
    return _in_bands(picture, "L", lambda band: Image.fromarray(np.rint(np.asarray(band) * factor).astype(np.uint8)))
