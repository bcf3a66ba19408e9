"""What the tests of the data room share: trees of small pictures, and data sets as if they were checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from striate.data.assembling import assemble
from striate.data.dataset import Dataset
from striate.data.pictures import ArrayPictures, PictureTable
from striate.pixels import Preprocessing


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """A function that makes a folder of files: `tree("cat/1.png", "notes.txt")`; pictures by extension, each different."""
    root = tmp_path / "photos"

    def make(*names: str, at: Path = root) -> Path:
        at.mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(names):
            path = at / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                path.mkdir(exist_ok=True)
            elif path.suffix.lower() in (".png", ".jpg", ".jpeg", ".bmp"):
                values = np.random.default_rng([number, len(name), *name.encode()]).integers(
                    0, 256, (6, 5, 3), np.uint8
                )
                Image.fromarray(values).save(path)
            else:
                path.write_text("not a picture")
        return at

    return make


@pytest.fixture
def rgb() -> Preprocessing:
    """To 8x8, in colour."""
    return Preprocessing(colour="rgb", resize="exact", resize_size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3)


@pytest.fixture
def grey() -> Preprocessing:
    """To 8x8, in grey."""
    return Preprocessing(colour="grey", resize="exact", resize_size=(8, 8), mean=(0.5,), std=(0.5,))


@pytest.fixture
def made() -> Callable[..., Dataset]:
    """A function that makes a checked data set of one-pixel pictures from (content, label[, split[, group]]) numbers."""

    def make(*rows: tuple[int, ...], classes: int | None = None) -> Dataset:
        contents = np.array([row[0] for row in rows])
        groups = np.array([row[3] if len(row) > 3 else -1 for row in rows], dtype=np.int32)
        count = classes if classes is not None else max(row[1] for row in rows) + 1
        width = len(str(count - 1))
        dataset = assemble(
            name="made",
            location="made",
            pictures=ArrayPictures.whole({"made": np.zeros((len(rows), 1, 1), dtype=np.uint8)}),
            class_names=[f"class{number:0{width}}" for number in range(count)],
            labels=np.array([row[1] for row in rows], dtype=np.int32),
            splits=np.zeros(len(rows), dtype=np.uint8),
            groups=groups if (groups >= 0).any() else None,
            group_names=tuple(f"group{number}" for number in range(groups.max() + 1)),
        )
        splits = np.array([row[2] if len(row) > 2 else 0 for row in rows], dtype=np.uint8)
        return replace(with_digests(dataset, contents), splits=splits)

    return make


def with_digests(dataset: Dataset, contents: npt.NDArray[np.int64]) -> Dataset:
    """The data set with facts as if it were checked: the digests follow from numbers."""
    digests = np.stack([np.random.default_rng(int(content)).integers(0, 256, 32, np.uint8) for content in contents])
    ones = np.ones(len(contents), dtype=np.int32)
    return replace(dataset, facts=PictureTable(digests, ones, ones, ones == 0))
