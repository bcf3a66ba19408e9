"""What is odd about a picture's file: broken, called what it is not, stored in another way than the rest, turned by EXIF."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np

from striate.data import FilePictures
from striate.doctor.audit import Audit
from striate.doctor.kind import Seen

ENDINGS = {
    "JPEG": {".jpg", ".jpeg", ".jpe", ".jfif"},
    "PNG": {".png"},
    "BMP": {".bmp"},
    "GIF": {".gif"},
    "TIFF": {".tif", ".tiff"},
    "WebP": {".webp"},
    "AVIF": {".avif"},
    "JPEG 2000": {".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"},
    "HEIC": {".heic", ".heif", ".hif"},
}
"""The endings that files of each format have."""

RARE = 0.05
"""The share of pictures up to which grey ones among colour ones, or colour ones among grey ones, are a surprise."""

TURNS = {
    2: "mirrored",
    3: "turned by 180 degrees",
    4: "mirrored, top to bottom",
    5: "mirrored and turned by 90 degrees",
    6: "turned by 90 degrees",
    7: "mirrored and turned by 270 degrees",
    8: "turned by 270 degrees",
}
"""What EXIF's orientation does to the stored pixels, clockwise."""


def broken(audit: Audit) -> Iterator[Seen]:
    """Pictures that cannot be read to their last pixel."""
    for row in sorted(audit.broken):
        yield Seen((row,), named={"reason": audit.broken[row]})


def wrong_extensions(audit: Audit) -> Iterator[Seen]:
    """Files whose ending is that of another format."""
    if not isinstance(audit.dataset.pictures, FilePictures):
        return
    for row in audit.readable:
        picture_format = audit.records["format"][row].decode()
        ending = PurePosixPath(audit.dataset.pictures.key(int(row))).suffix
        if ending.lower() not in ENDINGS[picture_format]:
            yield Seen((int(row),), named={"format": picture_format, "ending": ending})


def turned(audit: Audit) -> Iterator[Seen]:
    """Pictures that are stored otherwise than they are to be seen."""
    orientations = audit.records["orientation"]
    for row in audit.readable[orientations[audit.readable] != 1]:
        yield Seen((int(row),), float(orientations[row]), {"turn": TURNS[int(orientations[row])]})


_STORED = {
    "CMYK": "in CMYK, for print",
    "YCbCr": "in YCbCr",
    "LAB": "in Lab",
    "HSV": "in HSV",
    "I": "in integers of 32 bits",
    "F": "in floats of 32 bits",
    "RGBA": "with transparency, which is laid on white",
    "RGBa": "with transparency, which is laid on white",
    "LA": "with transparency, which is laid on white",
    "La": "with transparency, which is laid on white",
    "PA": "with transparency, which is laid on white",
}


def _stored(mode: str) -> str:
    """How a colour mode is unlike plain RGB and grey; empty where it is not."""
    return "in 16 bits, of which 8 are kept" if mode.startswith("I;16") else _STORED.get(mode, "")


def colour_surprises(audit: Audit) -> Iterator[Seen]:
    """Pictures stored in another way than most, and the few without colour among colour ones, or with it among grey ones."""
    rows = audit.readable
    modes, codes, counts = np.unique(audit.records["mode"][rows], return_inverse=True, return_counts=True)
    ways = [_stored(mode.decode()) for mode in modes]
    share = {
        way: sum(int(n) for one, n in zip(ways, counts, strict=True) if one == way) / max(1, len(rows)) for way in ways
    }
    colour = audit.records["colour_seen"][rows]
    coloured = float(colour.mean()) if len(rows) else math.nan
    for row, code, has_colour in zip(rows, codes, colour, strict=True):
        way = ways[code]
        if way and share[way] <= 0.5:
            yield Seen((int(row),), share[way], {"way": f"stored {way}"})
        elif (coloured if has_colour else 1 - coloured) <= RARE:
            others = "colour" if coloured > 0.5 else "grey"
            yield Seen(
                (int(row),),
                coloured if has_colour else 1 - coloured,
                {"way": f"{'in colour' if has_colour else 'without colour'} among {others} pictures"},
            )
