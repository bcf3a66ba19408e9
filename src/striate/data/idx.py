"""IDX files, the format of MNIST: a header of big-endian integers, then the values.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits", section "File formats".
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from striate.data.assembling import assemble
from striate.data.dataset import TEST, TRAIN, Dataset
from striate.data.pictures import ArrayPictures
from striate.errors import DataError

# Deflate turns no more than 1,032 bytes into one; a header that promises more lies.
MOST_BYTES_PER_GZIP_BYTE = 1032

# The four names: (what the file's name starts with, split).
PARTS = (("train", TRAIN), ("t10k", TEST))


def find_idx(folder: Path, part: str, kind: str) -> Path | None:
    """A file of MNIST by part (`train` or `t10k`) and kind (`images` or `labels`), in any spelling; None if absent."""
    dimensions = {"images": 3, "labels": 1}[kind]
    for separator in "-.":
        for ending in ("", ".gz"):
            path = folder / f"{part}-{kind}{separator}idx{dimensions}-ubyte{ending}"
            if path.is_file():
                return path
    return None


def is_idx_folder(folder: Path) -> bool:
    """Whether a folder holds any of MNIST's four files."""
    return any(find_idx(folder, part, kind) for part, _ in PARTS for kind in ("images", "labels"))


def read_idx(path: Path, dimensions: int) -> npt.NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes; a file that is not gzipped is mapped, not read.

    Args:
        path: The file; gzipped if it ends in `.gz`.
        dimensions: How many the array must have.

    Returns:
        uint8, read-only.

    Raises:
        DataError: The file cannot be read, is no such file, or is shorter or longer than its header says.
    """
    zipped = path.name.endswith(".gz")
    length = 4 + 4 * dimensions
    try:
        on_disk = path.stat().st_size
        with gzip.open(path) if zipped else path.open("rb") as file:
            shape = _shape(path, file.read(length), dimensions)
            size = math.prod(shape)
            if size > (on_disk * MOST_BYTES_PER_GZIP_BYTE if zipped else on_disk - length):
                raise DataError(_wrong_size(path, size, "fewer"))
            values = file.read(size + 1) if zipped else b""
    except (OSError, EOFError, zlib.error) as error:
        reason = "it is cut off" if isinstance(error, EOFError) else getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {path}: {reason}; get the file anew") from error
    found = len(values) if zipped else on_disk - length
    if found != size:
        raise DataError(_wrong_size(path, size, "fewer" if found < size else "more"))
    if zipped or not size:
        return np.frombuffer(values, dtype=np.uint8).reshape(shape)
    return np.memmap(path, dtype=np.uint8, mode="r", offset=length, shape=shape)


def _shape(path: Path, header: bytes, dimensions: int) -> tuple[int, ...]:
    expected = bytes([0, 0, 8, dimensions])  # 8: unsigned bytes
    if header[:4] != expected:
        raise DataError(
            f"{path} is not an IDX file of unsigned bytes in {dimensions} dimension{'s' * (dimensions > 1)}: "
            f"it starts with {header[:4].hex(' ') or 'nothing'}, not {expected.hex(' ')}"
        )
    if len(header) < 4 + 4 * dimensions:
        raise DataError(f"{path} ends within its header; get the file anew")
    return struct.unpack(f">{dimensions}I", header[4:])


def _wrong_size(path: Path, size: int, found: str) -> str:
    return f"{path} holds {found} values than the {size:,} that its header announces; get the file anew"


def load_idx(folder: Path, *, name: str | None = None, class_names: tuple[str, ...] | None = None) -> Dataset:
    """The pictures of a folder with MNIST's files: `train-*` is the split `train`, `t10k-*` is `test`.

    Args:
        folder: Holds the images and labels of one part or of both, each gzipped or not.
        name: The data's name; None for the folder's.
        class_names: What the labels 0, 1, ... are called; None for the numbers themselves, as text.

    Raises:
        DataError: A file is missing or damaged, pictures and labels differ in number, or the classes are not as they
            should be.
    """
    parts: dict[str, npt.NDArray[np.uint8]] = {}
    labels: list[npt.NDArray[np.uint8]] = []
    splits: list[npt.NDArray[np.uint8]] = []
    for part, split in PARTS:
        pair = _read_pair(folder, part)
        if pair is not None:
            parts["train" if split == TRAIN else "test"] = pair[0]
            labels.append(pair[1])
            splits.append(np.full(len(pair[1]), split, dtype=np.uint8))
    all_labels = np.concatenate(labels).astype(np.int32)
    if class_names is None:
        class_names = tuple(str(number) for number in range(256))
    elif len(all_labels) and all_labels.max() >= len(class_names):
        raise DataError(
            f"{folder} has the label {all_labels.max()}, but {name} has only the labels 0 to {len(class_names) - 1}"
        )
    return assemble(
        name=name or folder.name or "data",
        location=os.fspath(folder),
        pictures=ArrayPictures.whole(parts),
        class_names=class_names,
        labels=all_labels,
        splits=np.concatenate(splits),
    )


def _read_pair(folder: Path, part: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]] | None:
    """The images and labels of one part; None if the folder has neither."""
    images_path, labels_path = find_idx(folder, part, "images"), find_idx(folder, part, "labels")
    if images_path is None and labels_path is None:
        return None
    if images_path is None or labels_path is None:
        kind, dimensions = ("images", 3) if images_path is None else ("labels", 1)
        raise DataError(f"'{part}-{kind}-idx{dimensions}-ubyte' (or with .gz) is missing in {folder}; add it")
    images, labels = read_idx(images_path, 3), read_idx(labels_path, 1)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} has {len(images):,} pictures but {labels_path.name} {len(labels):,} labels; "
            "they belong to different sets"
        )
    if not images.size and len(images):
        raise DataError(
            f"{images_path} announces pictures of {images.shape[1]}x{images.shape[2]} pixels; get the file anew"
        )
    return images, labels
