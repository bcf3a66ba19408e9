"""The data that experiments learn from, by name: where local copies are, and the pictures of an arm in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from striate.data import Dataset, load_data
from striate.data.assembling import assemble
from striate.data.dataset import TEST, TRAIN
from striate.data.preparation import prepare_data
from striate.errors import DataError, UnknownNameError
from striate.pixels import Preprocessing, decode
from striate.reproductions.experiment import Pictures
from striate.watching import Watcher

SPLIT_SEED = 0
"""Data without splits is split by this seed, whatever the experiment's is: all seeds are asked the same test pictures."""


@dataclass(frozen=True, eq=False)
class PackedJpegs:
    """JPEGs that lie one after the other in arrays, as in a file of CIFAR-10; implements `striate.data.dataset.Pictures`."""

    parts: tuple[tuple[str, npt.NDArray[np.uint8], npt.NDArray[np.int64]], ...]
    """(name, bytes, offsets): picture i is bytes[offsets[i]:offsets[i + 1]]."""
    rows: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def _place(self, index: int) -> tuple[int, int]:
        row = int(self.rows[index])
        for place, (_, _, offsets) in enumerate(self.parts):
            if row < len(offsets) - 1:
                return place, row
            row -= len(offsets) - 1
        raise IndexError(f"row {int(self.rows[index])} lies behind the last part")

    def key(self, index: int) -> str:
        """The part's name and the row in it."""
        place, row = self._place(index)
        return f"{self.parts[place][0]}/{row}"

    def read(self, index: int) -> bytes:
        """The JPEG."""
        place, row = self._place(index)
        _, content, offsets = self.parts[place]
        return content[offsets[row] : offsets[row + 1]].tobytes()

    def path(self, index: int) -> None:
        """None: it is no file of its own."""

    def select(self, indices: npt.NDArray[np.int64]) -> PackedJpegs:
        """The pictures at `indices`, in their order."""
        return PackedJpegs(self.parts, self.rows[indices])


def _digits(folder: Path | None) -> Dataset | None:
    return load_data("digits")


def _mnist(folder: Path | None) -> Dataset | None:
    try:
        return load_data("mnist", root=folder / "mnist" if folder else None)
    except DataError:
        return None


def _cifar10(folder: Path | None) -> Dataset | None:
    """As JPEGs in one file, else as published."""
    file = folder / "cifar10_jpeg" / "cifar10_jpeg.npz" if folder else None
    if file is not None and file.is_file():
        return _packed(file)
    try:
        return load_data("cifar10", root=folder)
    except DataError:
        return None


def _packed(file: Path) -> Dataset:
    with np.load(file, allow_pickle=False) as arrays:
        parts = tuple(
            (name, arrays[f"{name}_bytes"], arrays[f"{name}_offsets"].astype(np.int64)) for name in ("train", "test")
        )
        labels = [arrays[f"{name}_labels"].astype(np.int32) for name in ("train", "test")]
        classes = [str(name) for name in arrays["classes"]]
    count = sum(len(part) for part in labels)
    return assemble(
        name="cifar10",
        location=str(file),
        pictures=PackedJpegs(parts, np.arange(count)),
        class_names=classes,
        labels=np.concatenate(labels),
        splits=np.repeat(np.array([TRAIN, TEST], np.uint8), [len(part) for part in labels]),
    )


def _below(name: str) -> Callable[[Path | None], Dataset | None]:
    def load(folder: Path | None) -> Dataset | None:
        return load_data(folder / name) if folder and (folder / name).is_dir() else None

    return load


SOURCES: Mapping[str, tuple[Callable[[Path | None], Dataset | None], str]] = MappingProxyType(
    {
        "digits": (_digits, "which comes with scikit-learn"),
        "mnist": (_mnist, "the four IDX files in FOLDER/mnist"),
        "cifar10": (_cifar10, "FOLDER/cifar10_jpeg/cifar10_jpeg.npz, or FOLDER/cifar-10-batches-py"),
        "imagenette": (_below("imagenette"), "FOLDER/imagenette/train/CLASS and FOLDER/imagenette/val/CLASS"),
        "hymenoptera": (_below("hymenoptera"), "FOLDER/hymenoptera/train/CLASS and FOLDER/hymenoptera/val/CLASS"),
        "flowers5": (_below("flowers5"), "FOLDER/flowers5/CLASS"),
        "movie_reviews": (_below("movie_reviews"), "FOLDER/movie_reviews with a file a class and a sentence a line"),
    }
)
"""By name: what loads it from the folder of local copies, or answers None, and where it is looked for."""


def load_source(name: str, folder: Path | None, watcher: Watcher) -> Dataset:
    """The data of a name, in splits.

    Args:
        name: One of `SOURCES`.
        folder: The folder that holds local copies; None: the user's cache folder, for those that are known there.
        watcher: Hears how far it is.

    Raises:
        UnknownNameError: There is no such data.
        DataError: There is no local copy.
    """
    if name not in SOURCES:
        raise UnknownNameError("data", name, SOURCES)
    load, where = SOURCES[name]
    dataset = load(folder)
    if dataset is None:
        raise DataError(f"no local copy of {name!r}: expected {where}; name the FOLDER with --data")
    if dataset.has_splits:
        return dataset
    return prepare_data(dataset, seed=SPLIT_SEED, root=None, watcher=watcher)


@dataclass(frozen=True, eq=False)
class HeldPictures:
    """Pictures in memory, as networks learn from them; implements `KnownExamples` of `striate.transfer.frozen_outputs`."""

    array: npt.NDArray[np.uint8]
    """(n, H, W, C)."""
    labels: npt.NDArray[np.int64]
    samples: npt.NDArray[np.int64]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    reverses_channels: bool = False

    def pixels(self, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """(k, H, W, C) uint8 of the pictures at these positions."""
        return self.array[positions]

    def key(self, position: int) -> str:
        """The picture's row in the data."""
        return str(self.samples[position])

    @cached_property
    def digest(self) -> str:
        """Hexadecimal digits for the pictures in their order and how they are normalised."""
        told = hashlib.sha256(f"{self.array.shape} {self.mean} {self.std}".encode())
        told.update(self.array.tobytes())
        return told.hexdigest()

    def part(self, count: int) -> HeldPictures:
        """The first so many."""
        return HeldPictures(self.array[:count], self.labels[:count], self.samples[:count], self.mean, self.std)

    @cached_property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.array.shape[1], self.array.shape[2]


def hold_pictures(
    dataset: Dataset, pictures: Pictures, *, training: int, testing: int, seed: int
) -> tuple[HeldPictures, HeldPictures]:
    """Training pictures that the seed draws, and test pictures that are the same for every seed; as many of each class.

    Args:
        dataset: With splits; where it has no test pictures, those for validation serve.
        pictures: How they become a network's input.
        training: How many to learn from; 0: all.
        testing: How many to test on; 0: all.
        seed: Draws the former.
    """
    learnt, tested = drawn_rows(dataset, training=training, testing=testing, seed=seed)
    array = _encoded(dataset, learnt, pictures)
    mean, std = _statistics(array, pictures)
    labels = dataset.labels.astype(np.int64)
    return (
        HeldPictures(array, labels[learnt], learnt, mean, std),
        HeldPictures(_encoded(dataset, tested, pictures), labels[tested], tested, mean, std),
    )


def drawn_rows(
    dataset: Dataset, *, training: int, testing: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Which of the data are learnt from, and which are asked; as `hold_pictures` takes them."""
    test_split = "test" if len(dataset.indices("test")) else "val"
    return _drawn(dataset, "train", training, seed), _drawn(dataset, test_split, testing, SPLIT_SEED)


def _drawn(dataset: Dataset, split: str, count: int, seed: int) -> npt.NDArray[np.int64]:
    """Rows of a split: all, or so many, of each class the same number or one more, shuffled."""
    rows = dataset.indices(split)
    if count >= len(rows) or not count:
        return rows
    generator = np.random.default_rng((seed, 2026))
    each = [generator.permutation(rows[dataset.labels[rows] == label]) for label in range(len(dataset.classes))]
    turns = [group[turn] for turn in range(max(map(len, each))) for group in each if turn < len(group)]
    return generator.permutation(np.array(turns[:count], np.int64))


def _encoded(dataset: Dataset, rows: npt.NDArray[np.int64], pictures: Pictures) -> npt.NDArray[np.uint8]:
    rule = _rule(dataset, int(rows[0]), pictures)
    return np.stack([rule.encode(dataset.pictures.read(int(row)), name=dataset.pictures.key(int(row))) for row in rows])


def _rule(dataset: Dataset, first: int, pictures: Pictures) -> Preprocessing:
    """Pixels alone: the statistics are taken from them afterwards."""
    picture = dataset.pictures.read(first)
    decoded = decode(picture, name=dataset.pictures.key(first))
    # Rows of arrays are all of one kind.
    grey = pictures.grey or (isinstance(picture, np.ndarray) and picture.ndim == 2 and len(pictures.mean) != 3)
    size = (pictures.side, pictures.side) if pictures.side else decoded.shape[:2]
    channels = 1 if grey else 3
    return Preprocessing(
        colour="grey" if grey else "rgb",
        resize="shorter_side",
        resize_size=size,
        crop=(pictures.field, pictures.field) if pictures.field else size,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
    )


def _statistics(array: npt.NDArray[np.uint8], pictures: Pictures) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Each channel's mean and deviation, as stated or as the training pictures have them."""
    values = array.reshape(-1, array.shape[-1])
    mean = pictures.mean or tuple((values.mean(axis=0) / 255).tolist())
    std = pictures.std or tuple(np.maximum(values.std(axis=0) / 255, 1e-3).tolist())
    return mean, std
