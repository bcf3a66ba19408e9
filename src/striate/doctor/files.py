"""What is odd about a picture's file: broken, called what it is not, stored in another way than the rest, turned by EXIF."""

from __future__ import annotations

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

MOST = 0.5
"""The share of pictures up to which a way to store them is a surprise."""

TELLING = 64
"""Grey levels that 98 of 100 pixels of a picture span at least, for its want of colour to tell anything."""

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
        if ending and ending.lower() not in ENDINGS[picture_format]:
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
    if not len(rows):
        return
    records = audit.records[rows]
    ways = np.array([_stored(mode.decode()) for mode in records["mode"].tolist()])
    _, codes, counts = np.unique(ways, return_inverse=True, return_counts=True)
    stored_alike = counts[codes] / len(rows)
    tones = records["tones"].astype(np.int64)
    colour = records["colour_seen"]
    telling = colour | (tones[:, -1] - tones[:, 0] >= TELLING)
    shares = np.where(colour, colour.mean(), (~colour).mean())  # of pictures that are alike in this
    for place, row in enumerate(rows):
        if ways[place] and stored_alike[place] <= MOST:
            yield Seen((int(row),), float(stored_alike[place]), {"way": f"stored {ways[place]}"})
        elif telling[place] and shares[place] <= RARE:
            way = "in colour among grey pictures" if colour[place] else "without colour among colour pictures"
            yield Seen((int(row),), float(shares[place]), {"way": way})
