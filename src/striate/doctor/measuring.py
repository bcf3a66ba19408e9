"""What is measured of each picture, in the one decoding that all kinds of findings live on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.doctor.sharpness import edge_width
from striate.pixels import PictureFacts

POINTS = 32
"""To so many by so many points a picture is averaged where colour and blankness are judged: noise and compression vanish."""

PERCENTILES = (1, 5, 50, 95, 99)
"""Of the grey values, of which the first pixel that reaches each is kept."""

MEASURED = np.dtype(
    [
        ("seen", "?"),  # whether the picture could be read, and the rest of its record is filled
        ("digest", "u1", (32,)),  # `striate.data.picture_digest`
        ("format", "S12"),  # as the file's bytes have it: `PictureFacts.format`
        ("mode", "S8"),  # Pillow's name of the stored colour mode
        ("orientation", "u1"),  # of EXIF: 1 is upright
        ("width", "i4"),  # pixels, upright
        ("height", "i4"),
        ("colour_seen", "?"),  # whether any colour is to be seen in it, however it is stored
        ("tones", "u1", (len(PERCENTILES),)),  # grey values 0..255 at `PERCENTILES`
        ("edge_width", "f4"),  # `edge_width`: a share of the shorter side; NaN where it cannot be told
        ("tone_range", "u1"),  # grey levels from the darkest to the lightest of `POINTS` x `POINTS` averages
    ]
)
"""A record a picture."""

COLOURLESS = 6
"""The most that red, green and blue of an average differ by in a picture without colour; compression makes a few levels."""


class Measuring:
    """Fills a record for each picture that is decoded; `data.checking.survey_pictures` shows them to it.

    Args:
        length: How many pictures.
    """

    def __init__(self, length: int) -> None:
        self.records = np.zeros(length, MEASURED)

    def wanted(self, stamps: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """All that were not seen yet."""
        return ~self.records["seen"]

    def see(self, index: int, digest: bytes, decoded: Image.Image, facts: PictureFacts) -> None:
        """Measures one picture."""
        record = self.records[index]
        record["digest"] = np.frombuffer(digest, np.uint8)
        record["format"], record["mode"] = facts.format.encode(), facts.mode.encode()
        record["orientation"] = facts.exif_orientation
        record["width"], record["height"] = facts.width, facts.height
        grey = decoded if decoded.mode == "L" else decoded.convert("L")
        record["colour_seen"] = decoded.mode != "L" and _has_colour(decoded)
        record["tones"] = tones(grey)
        record["edge_width"] = edge_width(grey)
        record["tone_range"] = np.ptp(np.asarray(grey.resize((POINTS, POINTS), Image.Resampling.BOX)))
        record["seen"] = True


def tones(grey: Image.Image) -> npt.NDArray[np.uint8]:
    """(5,) uint8: the grey values that 1, 5, 50, 95 and 99 of 100 pixels do not exceed.

    Args:
        grey: Mode L.

    Example:
        >>> tones(Image.fromarray(np.arange(100, dtype=np.uint8).reshape(10, 10)))
        array([ 0,  4, 49, 94, 98], dtype=uint8)
    """
    counts = np.cumsum(grey.histogram())
    needed = np.ceil(counts[-1] * np.array(PERCENTILES) / 100)
    values: npt.NDArray[np.uint8] = np.searchsorted(counts, needed).astype(np.uint8)
    return values


def _has_colour(decoded: Image.Image) -> bool:
    small = np.asarray(decoded.resize((POINTS, POINTS), Image.Resampling.BOX), np.int16)
    return bool((small.max(axis=2) - small.min(axis=2)).max() > COLOURLESS)
