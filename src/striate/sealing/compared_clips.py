"""Clips that two ways to run a network are compared on: those of a data set, and more that are made from a few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.choosing import evenly
from striate.data import Dataset
from striate.errors import DataError, PictureError
from striate.pixels.clip_encoding import ClipEncoding

Clip = npt.NDArray[np.uint8]
"""(frames, height, width, channels)."""


def clips_of_data(dataset: Dataset, encoding: ClipEncoding, *, count: int) -> list[Clip]:
    """Prepared clips of a data set, evenly from the first to the last; those that cannot be read are passed over.

    Raises:
        DataError: If none can be read.
    """
    clips = []
    for row in evenly(len(dataset), count):
        try:
            clips.append(encoding.encode(dataset.pictures.read(int(row))))
        except PictureError:
            continue
    if not clips:
        raise DataError(f"none of the clips of {dataset.location} can be read")
    return clips


def clips_like(originals: Sequence[Any], encoding: ClipEncoding, count: int, *, seed: int = 0) -> list[Clip]:
    """Clips made from a few: backwards, mirrored, begun later, brighter or darker, with noise that differs from frame to frame.

    Args:
        originals: As the encoding takes them.
        encoding: Of the network.
        count: How many to make.
        seed: Of what is drawn.
    """
    generator = np.random.default_rng(seed)
    prepared = [encoding.encode(original) for original in originals]
    made = []
    for number in range(count):
        clip = prepared[number % len(prepared)]
        clip = np.roll(clip, int(generator.integers(0, len(clip))), axis=0)
        clip = clip[:: -1 if generator.random() < 0.5 else 1, :, :: -1 if generator.random() < 0.5 else 1]
        light, noise = generator.uniform(0.6, 1.4), generator.normal(0, generator.uniform(0, 12), clip.shape)
        made.append((clip * light + noise).clip(0, 255).astype(np.uint8))
    return made
