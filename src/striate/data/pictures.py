"""Pictures of a data set, unread: in files or in arrays; and what a full look at each finds."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from striate.data.names import Names


class Pictures(Protocol):
    """The pictures of a data set, unread."""

    def __len__(self) -> int: ...

    def key(self, index: int) -> str:
        """A name, unique in the data set and stable: the path relative to the data's root, or one like `digits/17`."""

    def read(self, index: int) -> bytes | npt.NDArray[np.uint8]:
        """The encoded picture, or (H, W) or (H, W, 3) uint8, grey or RGB.

        Raises:
            OSError: The file cannot be read.
        """

    def path(self, index: int) -> Path | None:
        """The picture's file, None where it has none."""

    def select(self, indices: npt.NDArray[np.int64]) -> Pictures:
        """The pictures at `indices`, in their order."""


@runtime_checkable
class StampedPictures(Pictures, Protocol):
    """Pictures that may change behind our back, and whose state is cheaper to ask for than their bytes."""

    def stamps(self) -> npt.NDArray[np.uint64]:
        """(n,) what is another number when the picture is another one; 0 where it cannot be asked."""


@dataclass(frozen=True, eq=False)
class FilePictures:
    """Picture files, known by their paths relative to `root`; a path that is absolute stays as it is.

    Example:
        >>> pictures = FilePictures(Path("photos"), Names.from_strings(["cat/1.jpg"]))
        >>> pictures.key(0), pictures.path(0) == Path("photos/cat/1.jpg")
        ('cat/1.jpg', True)
    """

    root: Path
    names: Names

    def __len__(self) -> int:
        return len(self.names)

    def key(self, index: int) -> str:
        """The path relative to the root, with slashes."""
        return self.names[index]

    def read(self, index: int) -> bytes:
        """The file's bytes."""
        return self.path(index).read_bytes()

    def path(self, index: int) -> Path:
        """The picture's file."""
        return self.root / self.names[index]

    def select(self, indices: npt.NDArray[np.int64]) -> FilePictures:
        """The pictures at `indices`, in their order."""
        return FilePictures(self.root, self.names.select(indices))

    def stamps(self) -> npt.NDArray[np.uint64]:
        """(n,) 64 bits of BLAKE2b of each file's path, size and times of change; 0 for a file that cannot be asked.

        The time of a file's last change can be set, and unpacking programs do; the time of its state's last change cannot.
        Among a million files the chance that any two states of files look alike is one in ten million.
        """
        stamps = np.zeros(len(self), dtype=np.uint64)
        root = str(self.root)
        for index, name in enumerate(self.names):
            try:
                status = os.stat(os.path.join(root, name))  # noqa: PTH116, PTH118 - a million Paths take long
            except (OSError, ValueError):
                continue
            state = name.encode("utf-8", "surrogatepass") + struct.pack(
                "<qqq", status.st_size, status.st_mtime_ns, status.st_ctime_ns
            )
            stamps[index] = int.from_bytes(hashlib.blake2b(state, digest_size=8).digest(), "little")
        return stamps


@dataclass(frozen=True, eq=False)
class ArrayPictures:
    """Pictures that are rows of arrays, in memory or mapped; a key is the array's name and the row in it.

    Example:
        >>> pictures = ArrayPictures.whole({"digits": np.zeros((3, 8, 8), dtype=np.uint8)})
        >>> len(pictures), pictures.key(2), pictures.read(2).shape
        (3, 'digits/2', (8, 8))
    """

    parts: Mapping[str, npt.NDArray[np.uint8]]  # by name: (n, H, W) or (n, H, W, 3)
    rows: npt.NDArray[np.int64]  # the pictures as rows of the parts laid end to end

    @classmethod
    def whole(cls, parts: Mapping[str, npt.NDArray[np.uint8]]) -> ArrayPictures:
        """All rows of all parts, in order."""
        return cls(parts, np.arange(sum(len(part) for part in parts.values())))

    def __len__(self) -> int:
        return len(self.rows)

    def _place(self, index: int) -> tuple[str, int]:
        row = int(self.rows[index])
        for name, part in self.parts.items():
            if row < len(part):
                return name, row
            row -= len(part)
        raise IndexError(f"row {int(self.rows[index])} lies behind the last part")

    def key(self, index: int) -> str:
        """The part's name and the row in it."""
        name, row = self._place(index)
        return f"{name}/{row}"

    def read(self, index: int) -> npt.NDArray[np.uint8]:
        """(H, W) or (H, W, 3) uint8, grey or RGB."""
        name, row = self._place(index)
        return np.asarray(self.parts[name][row])

    def path(self, index: int) -> None:
        """None: a row of an array is no file."""

    def select(self, indices: npt.NDArray[np.int64]) -> ArrayPictures:
        """The pictures at `indices`, in their order."""
        return ArrayPictures(self.parts, self.rows[indices])


@dataclass(frozen=True, eq=False)
class PictureTable:
    """What a full look at every picture found, row by row."""

    digests: npt.NDArray[np.uint8]  # (n, 32): `picture_digest` of each
    widths: npt.NDArray[np.int32]  # (n,) pixels, upright; of texts words
    heights: npt.NDArray[np.int32]  # (n,) pixels, upright; of texts 1
    colour: npt.NDArray[np.bool_]  # (n,): whether the picture needs three channels
    spans: npt.NDArray[np.uint8] | None = (
        None  # (n,): from the darkest to the brightest value, 0..255; None: not looked at
    )
    thumbnails: npt.NDArray[np.uint8] | None = None  # (n, 32, 32) grey; zeros where a picture is broken or too small
    colours: npt.NDArray[np.uint8] | None = None  # (n, 8, 8, 3) averages; likewise

    def select(self, indices: npt.NDArray[np.int64]) -> PictureTable:
        """The rows at `indices`, in their order."""
        return PictureTable(
            self.digests[indices],
            self.widths[indices],
            self.heights[indices],
            self.colour[indices],
            *(None if column is None else column[indices] for column in (self.spans, self.thumbnails, self.colours)),
        )


def picture_digest(picture: bytes | npt.NDArray[np.uint8]) -> bytes:
    """The SHA-256 that a picture is known by: of the encoded bytes, or of an array's shape and values.

    Args:
        picture: An encoded picture, or (H, W) or (H, W, 3) uint8.

    Example:
        >>> picture_digest(b"").hex()[:8], picture_digest(np.zeros((2, 3), dtype=np.uint8)).hex()[:8]
        ('e3b0c442', 'c5d0ba22')
    """
    if isinstance(picture, bytes):
        return hashlib.sha256(picture).digest()
    shape = "x".join(str(length) for length in picture.shape)
    return hashlib.sha256(shape.encode() + b"\n" + picture.tobytes()).digest()
