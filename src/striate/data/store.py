"""Pictures as they enter the network, ready to be gathered into batches."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from striate.choosing import evenly
from striate.data.dataset import Dataset, Progress
from striate.data.parallel import ordered_results, throttled, worker_count
from striate.data.pictures import StampedPictures, picture_digest
from striate.data.store_files import ENDING, make_room, open_array, size_text, write_array
from striate.encodings import Encoding
from striate.errors import DataError, ItemError
from striate.pixels import DEFAULT_MAX_PIXELS
from striate.pixels.limits import NO_MEMORY
from striate.pixels.optional_formats import decoder_versions
from striate.user_cache import kind_folder

# Pictures in arrays that take no more than this are prepared in memory in each run, without a file.
SMALL = 16 << 20

DISK_BUDGET = 8 << 30
"""Bytes that all files in the cache folder may take together."""

# Rows of a file that is found again are compared with the pictures: this many, spread evenly.
SPOT_CHECKS = 8


class PixelStore(Protocol):
    """The pictures of a data set after resize and crop, or whatever is given, encoded; row i is `preprocessing.encode` of item i."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, H, W, C), or (n, ...) as the encoding has it."""

    @property
    def kind(self) -> str:
        """`memory`, `mapped` (a file, read as needed) or `streamed` (decoded when asked for)."""

    @property
    def bytes(self) -> int:
        """What is held, in memory or in the file, such as n * H * W * C; 0 where pictures are streamed."""

    @property
    def note(self) -> str:
        """Why the pictures are not in a cache file, as a sentence for people; empty where all is as it should be."""

    def gather(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """The rows at `indices`, in their order: (k, H, W, C) uint8, or (k, ...) as the encoding has it; a copy.

        Args:
            indices: (k,) int64 in 0..n - 1, in any order, also repeated.

        Raises:
            DataError: A streamed picture can no longer be read, or is another than was checked.
        """


@dataclass(frozen=True, eq=False)
class HeldPixels:
    """All rows in one array, in memory or mapped from a file."""

    pixels: npt.NDArray[Any]  # (n, H, W, C)
    kind: str
    note: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, H, W, C), or (n, ...) as the encoding has it."""
        return self.pixels.shape

    @property
    def bytes(self) -> int:
        """All rows together."""
        return self.pixels.nbytes

    def gather(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """The rows at `indices`, in their order."""
        return self.pixels[indices]


@dataclass(frozen=True, eq=False)
class StreamedPixels:
    """Rows that are decoded whenever they are asked for, in threads."""

    dataset: Dataset
    preprocessing: Encoding
    workers: int
    note: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, H, W, C), or (n, ...) as the encoding has it."""
        return _shape(self.dataset, self.preprocessing)

    @property
    def kind(self) -> str:
        """Always `streamed`."""
        return "streamed"

    @property
    def bytes(self) -> int:
        """Nothing is held."""
        return 0

    @cached_property
    def _executor(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.workers, thread_name_prefix="striate-stream")

    def gather(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """The rows at `indices`, in their order."""
        rows = np.empty((len(indices), *self.shape[1:]), dtype=self.preprocessing.dtype)

        def fill(place: int) -> None:
            rows[place] = _prepared(self.dataset, self.preprocessing, int(indices[place]))

        for _ in self._executor.map(fill, range(len(indices))):
            pass
        return rows


def open_store(
    dataset: Dataset,
    preprocessing: Encoding,
    *,
    cache_folder: Path | None = None,
    memory_budget: int = 1 << 30,
    disk_budget: int = DISK_BUDGET,
    workers: int | None = None,
    progress: Progress | None = None,
) -> PixelStore:
    """The pixels of a data set, prepared once.

    They are kept in a file in the cache folder, known by the pictures' digests and the preprocessing, so that the next
    run on the same pictures starts at once, however they are split, named or labelled then. (Rows of arrays that take
    no more than 16 MB are prepared in memory, which is as fast.) Where the disk has no room, memory takes them; where
    memory has none either, they are decoded whenever they are needed. Either way a row has the same bytes.

    Args:
        dataset: Checked.
        preprocessing: What is done to each picture, or how whatever is given is encoded.
        cache_folder: Where the files are; None for `pixels` in the user's cache folder.
        memory_budget: Bytes that a store may take in memory.
        disk_budget: Bytes that all files in the cache folder may take together; the least recently used ones make room,
            but never one that a running program has open.
        workers: Threads; None for one a core.
        progress: Told how far the preparation is.

    Raises:
        UsageError: The data set is not checked.
        DataError: A picture is no longer what it was when it was checked.

    Example:
        >>> from striate.data import check_pictures, load_data
        >>> from striate.pixels import Preprocessing
        >>> digits = check_pictures(load_data("digits"))
        >>> grey = Preprocessing(colour="grey", resize="exact", resize_size=(32, 32), mean=(0.5,), std=(0.5,))
        >>> store = open_store(digits, grey)
        >>> store.kind, store.gather(np.array([5, 0])).shape
        ('memory', (2, 32, 32, 1))
    """
    size = _bytes(dataset, preprocessing)
    fits_memory = size <= memory_budget
    note = ""
    if not (fits_memory and size <= SMALL and _is_arrays(dataset)):
        folder = kind_folder("pixels") if cache_folder is None else cache_folder
        pixels, note = _mapped(dataset, preprocessing, folder, disk_budget, workers, progress)
        if pixels is not None:
            return HeldPixels(pixels, "mapped")
    if fits_memory:
        return HeldPixels(
            _in_memory(dataset, preprocessing, workers, progress), "memory", note and f"kept in memory only: {note}"
        )
    reason = f"{note}; memory may take {size_text(memory_budget)}"
    return StreamedPixels(dataset, preprocessing, worker_count(workers), f"decoded anew in every epoch: {reason}")


def kept_store(dataset: Dataset, preprocessing: Encoding, *, cache_folder: Path | None = None) -> PixelStore | None:
    """What `open_store` would find in its file; None if there is none, and nothing is prepared then.

    Args:
        dataset: Checked.
        preprocessing: What is done to each picture.
        cache_folder: As `open_store` takes it.
    """
    folder = kind_folder("pixels") if cache_folder is None else cache_folder
    pixels = _found(folder / (store_name(dataset, preprocessing) + ENDING), dataset, preprocessing)
    return None if pixels is None else HeldPixels(pixels, "mapped")


def _shape(dataset: Dataset, preprocessing: Encoding) -> tuple[int, ...]:
    return len(dataset), *preprocessing.shape


def _bytes(dataset: Dataset, preprocessing: Encoding) -> int:
    return math.prod(_shape(dataset, preprocessing)) * int(preprocessing.dtype.itemsize)


def _is_arrays(dataset: Dataset) -> bool:
    return not isinstance(dataset.pictures, StampedPictures)


def _mapped(
    dataset: Dataset,
    preprocessing: Encoding,
    folder: Path,
    budget: int,
    workers: int | None,
    progress: Progress | None,
) -> tuple[npt.NDArray[Any] | None, str]:
    """The pixels in a cache file, made if need be; or None and why there is none."""
    shape = _shape(dataset, preprocessing)
    path = folder / (store_name(dataset, preprocessing) + ENDING)
    if (pixels := _found(path, dataset, preprocessing)) is not None:
        return pixels, ""
    try:
        note = make_room(path, _bytes(dataset, preprocessing), budget)
        if note:
            return None, note
        with closing(_prepared_rows(dataset, preprocessing, workers, progress)) as rows:
            write_array(path, rows, shape, preprocessing.dtype)
    except OSError as error:
        return None, f"cannot write to {folder} ({error.strerror or error})"
    return open_array(path, shape, preprocessing.dtype), f"cannot map {path}"


def _found(path: Path, dataset: Dataset, preprocessing: Encoding) -> npt.NDArray[Any] | None:
    """What is in a file, if it is what is looked for; else nothing holds it open, which would keep it from being replaced."""
    pixels = open_array(path, _shape(dataset, preprocessing), preprocessing.dtype)
    return pixels if pixels is not None and _is_as_prepared(pixels, dataset, preprocessing) else None


def store_name(dataset: Dataset, preprocessing: Encoding) -> str:
    """64 hexadecimal digits for the pictures in their order, the preprocessing, and the version of what decodes."""
    content = hashlib.sha256(dataset.checked_facts.digests.tobytes())
    content.update(f"{preprocessing.stored_digest} {decoder_versions()}".encode())
    return content.hexdigest()


def _is_as_prepared(pixels: npt.NDArray[Any], dataset: Dataset, preprocessing: Encoding) -> bool:
    """Whether a few rows are what the pictures give now; else the file is damaged, or was made by other code."""
    rows = evenly(len(dataset), SPOT_CHECKS)
    return all(np.array_equal(pixels[row], _prepared(dataset, preprocessing, int(row))) for row in rows)


def _in_memory(
    dataset: Dataset, preprocessing: Encoding, workers: int | None, progress: Progress | None
) -> npt.NDArray[Any]:
    pixels = np.empty(_shape(dataset, preprocessing), dtype=preprocessing.dtype)
    with closing(_prepared_rows(dataset, preprocessing, workers, progress)) as rows:
        for index, row in enumerate(rows):
            pixels[index] = row
    pixels.flags.writeable = False
    return pixels


def _prepared_rows(
    dataset: Dataset, preprocessing: Encoding, workers: int | None, progress: Progress | None
) -> Generator[npt.NDArray[Any], None, None]:
    """All rows in order."""
    report = throttled(progress, "preparing pictures", len(dataset))
    row_bytes = _bytes(dataset, preprocessing) // max(1, len(dataset))
    results = ordered_results(
        lambda index: _prepared(dataset, preprocessing, index),
        len(dataset),
        workers=workers,
        chunk=chunk_of(row_bytes),
    )
    with closing(results) as rows:
        for done, row in enumerate(rows, start=1):
            yield row
            report(done)


def chunk_of(row_bytes: int) -> int:
    """Rows that a thread is handed at a time: a few MB are in flight for each."""
    return max(1, min(256, (4 << 20) // max(1, row_bytes)))


def _prepared(dataset: Dataset, preprocessing: Encoding, index: int) -> npt.NDArray[Any]:
    """Picture `index`, prepared; it must be the one that was checked."""
    key, facts = dataset.pictures.key(index), dataset.checked_facts
    try:
        picture = dataset.pictures.read(index)
        if picture_digest(picture) != facts.digests[index].tobytes():
            raise DataError(f"{key} in {dataset.location} has changed since it was checked; run the command again")
        # The check has set the limit; where that was high, the size that it found is. (Some formats may have a third of it.)
        limit = 3 * int(facts.widths[index]) * int(facts.heights[index])
        return preprocessing.encode(picture, limit=limit if limit > DEFAULT_MAX_PIXELS else None, name=key)
    except (OSError, MemoryError) as error:
        why = NO_MEMORY if isinstance(error, MemoryError) else error.strerror or error
        raise DataError(
            f"{key} in {dataset.location} could be read when it was checked, but not now ({why})"
        ) from error
    except ItemError as error:
        remedy = "" if error.reason == NO_MEMORY else "; remove it"
        raise DataError(f"{key} in {dataset.location} cannot be prepared: {error.reason}{remedy}") from error
