"""What a picture may cost, found from what it states about itself, before the work.

| of what                 | limit                                                                                  |
|-------------------------|----------------------------------------------------------------------------------------|
| pixels                  | `max_pixels`, 100 million by default                                                   |
| memory while decoding   | 9 bytes for each of these: formats whose readers take more may have fewer pixels, but  |
|                         | in any case `ALWAYS_PIXELS`, see `BYTES_A_PIXEL`                                       |
| scans of a JPEG         | `MOST_SCANS`, and 20 times `max_pixels` over all scans together: each is decoded in full |
| header of a JPEG        | `MOST_SEGMENTS` before the picture, and 64 KiB of filling: Pillow reads them one by one |
| tiles of a TIFF         | together 4 times the picture's pixels and `ALWAYS_PIXELS`: each is decoded in full      |
| bytes of the file       | 8 for each of `max_pixels`, and 64 MiB                                                 |
"""

from __future__ import annotations

import math
import re

import numpy as np

from striate.errors import PictureError, PictureSizeError

BYTES_A_PIXEL = {"progressive JPEG": 10, "AVIF": 10, "HEIC": 11, "WebP": 12, "JPEG 2000": 20}
"""What a reader takes at its peak, in bytes a pixel, the file apart; measured on colour pictures of 16 million pixels with Pillow 13."""

BYTES_ALLOWED = 9
"""For each of `max_pixels`. All other formats keep to it, with alpha or with values of 32 bits too."""

ALWAYS_PIXELS = 32_000_000
"""So many pixels a picture of any format may have, if `max_pixels` allows them."""

MOST_SCANS = 100
"""As in libtiff. Progressive JPEGs have ten by default."""

MOST_SEGMENTS = 10_000
"""Of a JPEG's header. Colour profiles and previews take some hundreds at most."""

NO_MEMORY = "there is not enough memory to decode it"

_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")  # 0: a byte of 255 among the pixels; d0 to d7: restarts
_START_OF_SCAN, _END, _WITHOUT_LENGTH = 0xDA, 0xD9, {0x01, 0xD8}


def check_size(width: int, height: int, *, max_pixels: int, name: str, reader: str = "") -> None:
    """Raise `PictureError` for a picture without pixels, or with more than the limit.

    Args:
        width: In pixels.
        height: In pixels.
        max_pixels: The limit for any picture.
        name: Which picture, for the error.
        reader: The format, for those whose readers take more memory than others.
    """
    if width < 1 or height < 1:
        raise PictureError(name, f"the picture has no pixels ({width} x {height})")
    pixels = f"the picture has {width * height:,} pixels ({width} x {height}), more than the"
    if width * height > max_pixels:
        raise PictureSizeError(name, f"{pixels} limit of {max_pixels:,}")
    most = max(ALWAYS_PIXELS, max_pixels * BYTES_ALLOWED // BYTES_A_PIXEL.get(reader, BYTES_ALLOWED))
    if width * height > most:
        raise PictureSizeError(
            name,
            f"{pixels} {most:,} that a {reader} may have, whose reader takes {BYTES_A_PIXEL[reader]} bytes of memory a pixel: "
            "convert it to PNG, or make it smaller",
        )


def check_scans(data: bytes, pixels: int, *, max_pixels: int, name: str) -> None:
    """Raise `PictureError` for a JPEG whose scans, each of which is decoded over all its pixels, are too many."""
    most = min(MOST_SCANS, 20 * max_pixels // pixels)
    if data.count(b"\xff\xda") > most:  # that may also be in a preview
        scans = jpeg_scans(data)
        if scans > most:
            raise PictureError(
                name,
                f"the JPEG has {scans:,} scans, more than the {most} that one of {pixels:,} pixels may have: save it anew",
            )


def check_segments(data: bytes, *, name: str) -> None:
    """Raise `PictureError` for a JPEG that has far more in front of its picture than any needs."""
    place, filling = 2, 0
    for _ in range(MOST_SEGMENTS):
        found = _MARKER.search(data, place)
        if found is None or found[1][0] == _START_OF_SCAN:
            return
        filling += found.end() - place - 2
        if filling > 65536:
            break
        place = _after_segment(data, found)
    raise PictureError(
        name,
        f"the JPEG has more than {MOST_SEGMENTS:,} segments, or 64 KiB of filling, before its picture: save it anew",
    )


def check_tiles(size: tuple[int, int], tile: tuple[int, int], *, name: str) -> None:
    """Raise `PictureError` for a picture whose tiles are out of proportion to it.

    Args:
        size: The picture's width and height, in pixels.
        tile: A tile's.
        name: Which picture, for the error.
    """
    pixels = math.prod(size)
    tiled = math.prod(-(-whole // part) * part for whole, part in zip(size, tile, strict=True) if part)
    if tiled > 4 * pixels + ALWAYS_PIXELS:
        raise PictureError(name, f"the TIFF's tiles have {tiled:,} pixels, for a picture of {pixels:,}: save it anew")


def jpeg_scans(data: bytes) -> int:
    """The number of scans up to the end of a JPEG's picture, without decoding any.

    Source: ITU-T T.81, annex B: markers, and segments with their lengths.
    """
    scans, place = 0, 2
    while found := _MARKER.search(data, place):
        if found[1][0] == _END:
            break
        scans += found[1][0] == _START_OF_SCAN
        place = _after_segment(data, found)
    return scans


def _after_segment(data: bytes, found: re.Match[bytes]) -> int:
    """Where a segment ends that begins with this marker."""
    place = found.end()
    return place if found[1][0] in _WITHOUT_LENGTH else place + int.from_bytes(data[place : place + 2], "big")


def is_memory_missing(picture_format: str, pixels: int) -> bool:
    """Whether the memory for decoding a picture cannot be had: readers call that damage, if they know it themselves."""
    try:
        np.empty(pixels * BYTES_A_PIXEL.get(picture_format, BYTES_ALLOWED), np.uint8)
    except MemoryError:
        return True
    return False
