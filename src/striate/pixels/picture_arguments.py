"""What was given as pictures: one or many, and what names mean: files, folders, globs, and - for a list on stdin."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

from striate.errors import PictureError, UsageError
from striate.name_comparison import PathFinder
from striate.pixels.arrays import is_tensor, pictures_of
from striate.pixels.decoding import PictureSource, is_url
from striate.pixels.walking import PictureWalk

Pictures: TypeAlias = PictureSource | Iterable[PictureSource] | npt.NDArray[Any]
"""One picture or many, as `as_pictures` takes them."""


def expand(arguments: Iterable[PictureSource]) -> Iterator[PictureSource]:
    """The files that names mean, in order: files as they are, the pictures in folders, globs, and `-` for those on stdin.

    What is no text or path is a picture itself, and stays as it is; a path object is never a glob.

    Raises:
        UsageError: If a glob matches nothing.
        DataError: If a folder cannot be read.
    """
    finder = PathFinder()
    for argument in arguments:
        if not isinstance(argument, str):
            path = os.fsdecode(argument) if isinstance(argument, os.PathLike) else ""
            yield from pictures_in(path) if path and is_folder(path) else [argument]
        elif argument == "-":
            yield from (_on_disk(line, finder) for line in _listed_on_stdin())
        elif is_folder(argument):
            yield from pictures_in(argument)
        elif is_glob(argument):
            yield from _matches(argument)
        elif (found := _on_disk(argument, finder)) != argument and is_folder(found):
            yield from pictures_in(found)
        else:
            yield found


def as_pictures(pictures: Pictures) -> Iterable[PictureSource]:
    """One picture as a list of one; many as they are, a generator too, which is not run ahead.

    A uint8 array of shape (H, W), or (H, W, C) with C of 1 to 4, is one picture; (n, H, W, C), and (n, H, W) with other W, is many.
    An array of paths is many. Where an array may be one picture with its channels first, it is left to the decoder, which says so.

    Raises:
        PictureError: If it can be neither: a mapping, a set (which has no order), an array of paths in several dimensions.

    Example:
        >>> len(as_pictures(np.zeros((5, 8, 8), np.uint8))), len(as_pictures("cat.jpg"))
        (5, 1)
        >>> len(as_pictures(np.array(["cat.jpg", "dog.jpg"]))), len(as_pictures(np.zeros((8, 8, 4), np.uint8)))
        (2, 1)
    """
    if isinstance(pictures, np.ndarray):
        return pictures_of(pictures, "an array")
    if isinstance(pictures, Mapping | Set):
        raise PictureError(
            "the pictures", f"expected one picture, or many in their order, got a {type(pictures).__name__}"
        )
    one = isinstance(pictures, str | os.PathLike | bytes | bytearray | memoryview | Image.Image)
    if one or hasattr(pictures, "read") or is_tensor(pictures) or not isinstance(pictures, Iterable):
        return [pictures]  # what is no picture is for the decoder to refuse
    return pictures


def check_globs(arguments: Iterable[PictureSource]) -> None:
    """Refuses, before a bundle is opened, a glob that matches nothing.

    Raises:
        UsageError: If one does.
    """
    for argument in arguments:
        if not isinstance(argument, str) or not is_glob(argument):
            continue
        if next(glob.iglob(literal_beginning(argument), recursive=True), None) is None:  # noqa: PTH207
            raise UsageError(f"nothing matches {argument}")


def is_glob(argument: str) -> bool:
    """Whether an argument is a pattern, and no file that is called so."""
    return glob.has_magic(argument) and not os.path.lexists(argument) and not is_url(argument)


def _listed_on_stdin() -> Iterator[str]:
    """The lines of stdin as paths: as bytes where it has them, since a file's name may be of any."""
    binary = getattr(sys.stdin, "buffer", None)
    for line in sys.stdin if binary is None else map(os.fsdecode, binary):
        if line.strip():
            yield line.rstrip("\r\n")


def _on_disk(path: str, finder: PathFinder) -> str:
    """A path as the disk has it, where that writes it in another Unicode form; else as it is."""
    if path.isascii() or is_url(path):
        return path
    found = finder.find(Path(path))
    return path if found == Path(path) else str(found)


def pictures_in(folder: str) -> Iterator[str]:
    """The pictures in a folder and below, named as the folder was, as `PictureWalk` finds them for every command."""
    for name in PictureWalk(Path(folder), broken_too=True).pictures_below():
        yield str(Path(folder, name))


def _matches(pattern: str) -> Iterator[str]:
    """What a glob matches, each file once, by whatever folders and links it is reached.

    Raises:
        UsageError: If that is nothing.
    """
    matches = sorted(glob.glob(literal_beginning(pattern), recursive=True))  # noqa: PTH207 - keeps the paths as they were typed
    if not matches:
        hint = "; folders are separated by slashes here" if "\\" in pattern and os.sep == "/" else ""
        raise UsageError(f"nothing matches {pattern}{hint}")
    once: set[tuple[str, str]] = set()
    for match in matches:
        if _is_new(match, once):
            if is_folder(match):
                yield from (path for path in pictures_in(match) if _is_new(path, once))
            else:
                yield match


def _is_new(path: str, once: set[tuple[str, str]]) -> bool:
    """Whether a path leads to something else than those before it; it is noted."""
    folder, name = os.path.split(path)
    place = (os.path.realpath(folder), name)
    new = place not in once
    once.add(place)
    return new


def literal_beginning(pattern: str) -> str:
    """The pattern with the folders that it begins with escaped where they exist as they are called: `photos [old]/*.jpg`.

    Example:
        >>> literal_beginning("no such [folder]/*.jpg")
        'no such [folder]/*.jpg'
    """
    parts = pattern.split("/")
    for count in range(len(parts) - 1, 0, -1):
        beginning = "/".join(parts[:count])
        if beginning and is_folder(beginning):
            return "/".join([glob.escape(beginning), *parts[count:]])
    return pattern


def is_folder(path: str) -> bool:
    """Whether a path leads to a folder."""
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):  # a name too long, or with a zero byte: who reads it says so
        return False
