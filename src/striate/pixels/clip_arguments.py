"""What was given as clips: one or many, and what a command's arguments mean where a bundle takes clips."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from striate.pixels.clips import frame_names, natural_order
from striate.pixels.picture_arguments import check_globs, expand, is_folder, is_glob, literal_beginning
from striate.pixels.walking import PictureWalk


def as_clips(given: Any) -> Iterable[Any]:
    """One clip or many, as many: an array of frames is one, and so is a list of arrays of single frames.

    Example:
        >>> len(as_clips(np.zeros((5, 8, 8), np.uint8))), len(as_clips(["a.gif", "clips/3"]))
        (1, 2)
    """
    one = isinstance(given, str | os.PathLike | bytes)
    if isinstance(given, np.ndarray):
        one = given.ndim == 3 or (given.ndim == 4 and given.shape[-1] in (1, 3))
    return [given] if one else given


def expand_clips(arguments: Iterable[Any]) -> Iterator[Any]:
    """The clips that arguments mean, in their order.

    - A GIF file is a clip, and so is a folder with pictures right in it: its frames, in the natural order of their names.
    - Another folder: all the clips below it, GIF files and folders of frames.
    - A glob: what it matches, likewise. `-`: the lines of stdin, each the path of a clip.

    Raises:
        UsageError: A glob matches nothing.
        DataError: A folder cannot be read.
    """
    for argument in arguments:
        if isinstance(argument, str | os.PathLike) and is_folder(os.fsdecode(argument)):
            yield from clips_in(os.fsdecode(argument))
        elif isinstance(argument, str) and is_glob(argument):
            check_globs([argument])
            matches = sorted(glob.glob(literal_beginning(argument), recursive=True), key=natural_order)  # noqa: PTH207 - keeps the paths as they were typed
            for match in matches:
                yield from clips_in(match) if is_folder(match) else [match]
        elif isinstance(argument, str):
            yield from expand([argument])
        else:
            yield argument


def clips_in(folder: str, above: tuple[str, ...] = ()) -> Iterator[str]:
    """The clips that a folder is or holds, in natural order; one with GIF files holds them, and is none itself.

    Args:
        folder: The folder.
        above: Where the walk has been on its way, so that a link cannot lead round in a ring.
    """
    place = os.path.realpath(folder)
    if place in above:
        return
    names = frame_names(folder)
    gifs = [name for name in names if name.lower().endswith(".gif")]
    if names and not gifs:
        yield folder
        return
    yield from (str(Path(folder, name)) for name in gifs)
    for name in sorted(PictureWalk(Path(folder)).listing(folder)[0], key=natural_order):
        yield from clips_in(str(Path(folder, name)), (*above, place))
