"""A look at every clip of a data set: its digest, the size of its frames, whether they have colours, and whether they can be read."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from striate.data.dataset import Dataset, Progress
from striate.data.parallel import ordered_results, throttled
from striate.data.pictures import PictureTable, picture_digest
from striate.errors import PictureError
from striate.pixels.clips import frames_of
from striate.pixels.decoding import decode

LOOKED_AT = 10
"""Frames of each clip, evenly taken: as many as a run takes of it at most."""


def look_at_clips(
    dataset: Dataset, workers: int | None, progress: Progress | None
) -> tuple[PictureTable, dict[int, str]]:
    """What is known of each clip; and by row why one cannot be used.

    Args:
        dataset: Of clips.
        workers: Threads; None for one a core.
        progress: Told how far it is.
    """
    count = len(dataset)
    report = throttled(progress, "checking clips", count)
    table = PictureTable(
        np.zeros((count, 32), np.uint8), np.zeros(count, np.int32), np.zeros(count, np.int32), np.zeros(count, bool)
    )
    broken: dict[int, str] = {}
    with closing(ordered_results(lambda row: _look(dataset, row), count, workers=workers, chunk=1)) as found:
        for row, (digest, size, colour, reason) in enumerate(found):
            table.digests[row] = np.frombuffer(digest, np.uint8)
            table.heights[row], table.widths[row] = size
            table.colour[row] = colour
            if reason:
                broken[row] = reason
            report(row + 1)
    return table, broken


def _look(dataset: Dataset, row: int) -> tuple[bytes, tuple[int, int], bool, str]:
    """(digest, (height, width) of the first frame, whether there are colours, why it cannot be used)."""
    digest, key = bytes(32), dataset.pictures.key(row)
    try:
        clip = bytes(dataset.pictures.read(row))
        digest = picture_digest(clip)
        frames = frames_of(clip, LOOKED_AT, name=key)
        once = list({id(frame): frame for frame in frames}.values())
        size, colour = (0, 0), False
        for frame in once:
            pixels = decode(frame, name=key)
            size = size if any(size) else (pixels.shape[0], pixels.shape[1])
            colour = colour or bool((pixels != pixels[..., :1]).any())
    except OSError as error:
        return digest, (0, 0), False, f"it cannot be read ({error.strerror or error})"
    except PictureError as error:
        return digest, (0, 0), False, error.reason
    return digest, size, colour, ""
