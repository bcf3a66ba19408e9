"""Data sets that are known by name."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from striate.data.assembling import assemble
from striate.data.dataset import TEST, TRAIN, UNASSIGNED, Dataset
from striate.data.idx import is_idx_folder, load_idx
from striate.data.pictures import ArrayPictures
from striate.errors import DataError, UnknownNameError
from striate.user_cache import kind_folder

BUILT_IN_NAMES = ("cifar10", "digits", "fashion-mnist", "mnist")

# The labels 0 to 9 as the data's page names them: https://github.com/zalandoresearch/fashion-mnist
FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def load_built_in(name: str, *, root: Path | None = None, download: bool = False) -> Dataset:
    """A data set by its name.

    `digits` comes with scikit-learn: 1,797 handwritten digits of 8x8 pixels, their 17 greys (0..16) spread over 0..255,
    without splits. The others are the published sets with their splits `train` and `test`, in torchvision's layout
    below `root`; `mnist` and `fashion-mnist` are also found as four IDX files in `root` itself.

    Args:
        name: One of `BUILT_IN_NAMES`.
        root: Where local copies are and downloads go; None for `datasets` in the user's cache folder.
        download: Whether torchvision may fetch what is missing; nothing is ever fetched otherwise.

    Raises:
        UnknownNameError: There is no such set.
        DataError: There is no local copy, or it is damaged.
    """
    root = kind_folder("datasets") if root is None else root.expanduser().absolute()
    match name:
        case "digits":
            return _digits()
        case "mnist":
            return _mnist(name, "MNIST", root, download, None)
        case "fashion-mnist":
            return _mnist(name, "FashionMNIST", root, download, FASHION_CLASSES)
        case "cifar10":
            return _cifar10(root, download)
    raise UnknownNameError("built-in data set", name, BUILT_IN_NAMES)


def _digits() -> Dataset:
    greys, numbers = _read_digits()
    pixels = np.rint(greys.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)  # (1797, 8, 8)
    return assemble(
        name="digits",
        location="digits",
        pictures=ArrayPictures.whole({"digits": pixels}),
        class_names=[str(number) for number in range(10)],
        labels=numbers.astype(np.int32),
        splits=np.full(len(pixels), UNASSIGNED, dtype=np.uint8),
    )


def _read_digits() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The 64 greys of each digit, 0..16, and which it is, of scikit-learn's file: importing scikit-learn takes a second, and 75 MB."""
    for folder in getattr(find_spec("sklearn"), "submodule_search_locations", None) or ():
        file = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if file.is_file():
            table = np.loadtxt(file, delimiter=",")
            return table[:, :-1], table[:, -1]
    from sklearn.datasets import load_digits  # a version that has it elsewhere knows where

    bunch = load_digits()
    return bunch.data, bunch.target


def _mnist(name: str, folder: str, root: Path, download: bool, class_names: tuple[str, ...] | None) -> Dataset:
    """MNIST or a set in its format; read here, as the files need nothing of torchvision once they are there."""
    raw = root / folder / "raw"
    for place in (raw, root):
        if is_idx_folder(place):
            return load_idx(place, name=name, class_names=class_names)
    if not download:
        raise DataError(_no_copy(name, f"the four IDX files in {str(root)!r} or in {str(raw)!r}"))
    _torchvision(name, folder, root, download=True, train=True)  # fetches both parts
    return load_idx(raw, name=name, class_names=class_names)


def _cifar10(root: Path, download: bool) -> Dataset:
    folder = "cifar-10-batches-py"
    if root.name == folder:
        root = root.parent
    if not download and not (root / folder).is_dir():
        raise DataError(_no_copy("cifar10", f"the folder {str(root / folder)!r}"))
    # These files are pickles: torchvision compares each with its published checksum before it opens any.
    parts = [_torchvision("cifar10", "CIFAR10", root, download=download, train=train) for train in (True, False)]
    return assemble(
        name="cifar10",
        location=str(root / folder),
        pictures=ArrayPictures.whole({"train": parts[0].data, "test": parts[1].data}),
        class_names=parts[0].classes,
        labels=np.concatenate([part.targets for part in parts]).astype(np.int32),
        splits=np.repeat(np.array([TRAIN, TEST], dtype=np.uint8), [len(part.targets) for part in parts]),
    )


def _no_copy(name: str, expected: str) -> str:
    return (
        f"no local copy of {name!r}: expected {expected}; name the folder that holds it as root (--root), "
        "or allow the download in Python: load_data(..., download=True)"
    )


def _torchvision(name: str, class_name: str, root: Path, *, download: bool, train: bool) -> Any:
    import torchvision.datasets

    try:
        return getattr(torchvision.datasets, class_name)(str(root), train=train, download=download)
    except (RuntimeError, OSError) as error:
        done = "fetch" if download else "read the local copy of"
        raise DataError(
            f"cannot {done} {name!r} in {str(root)!r}: {(str(error) or repr(error)).splitlines()[0]}"
        ) from error
