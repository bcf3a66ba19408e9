"""On real pictures, where STRIATE_TEST_DATA names them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from striate.data import assign_splits, check_pictures, load_data, open_store, read_split_csv, write_split_csv
from striate.pixels import Preprocessing

Real = Callable[[str], Path]


def cropped(size: int) -> Preprocessing:
    return Preprocessing(
        colour="rgb",
        resize="shorter_side",
        resize_size=(size, size),
        crop=(size, size),
        mean=(0.5,) * 3,
        std=(0.5,) * 3,
    )


def test_hymenoptera_from_files_to_batches(real_data: Real, tmp_path: Path) -> None:
    dataset = load_data(real_data("hymenoptera"))
    assert dataset.classes == ("ants", "bees")
    assert (len(dataset.indices("train")), len(dataset.indices("val"))) == (244, 153)
    checked = check_pictures(dataset, cache_folder=tmp_path / "checks")
    assert checked.problems == ()
    assert assign_splits(checked, seed=0) is checked
    rule = cropped(64)
    store = open_store(checked, rule, cache_folder=tmp_path / "pixels")
    assert (store.kind, store.shape) == ("mapped", (397, 64, 64, 3))
    chosen = np.array([396, 0, 200])
    expected = np.stack([rule.pixels(checked.pictures.read(int(index))) for index in chosen])
    assert np.array_equal(store.gather(chosen), expected)
    streamed = open_store(checked, rule, cache_folder=tmp_path / "pixels", disk_budget=0, memory_budget=0)
    assert streamed.kind == "mapped"  # it is there already


def test_imagenette(real_data: Real) -> None:
    dataset = load_data(real_data("imagenette"))
    assert len(dataset.classes) == 10
    assert (len(dataset.indices("train")), len(dataset.indices("val"))) == (2000, 600)
    assert dataset.counts()["n01440764"] == {"train": 200, "val": 60}


def test_mnist(real_data: Real) -> None:
    dataset = check_pictures(load_data(real_data("mnist")))
    assert dataset.classes == tuple("0123456789")
    assert dataset.problems == ()
    assert dataset.counts()["1"] == {"train": 6742, "test": 1135}
    split = assign_splits(dataset, seed=0)
    assert [len(split.indices(name)) for name in ("train", "val", "test")] == [55_000, 5_000, 10_000]
    assert len(load_data("mnist", root=real_data("mnist"))) == 70_000


@pytest.mark.slow
def test_flowers_has_copies_under_two_names(real_data: Real, tmp_path: Path) -> None:
    dataset = check_pictures(load_data(real_data("flowers5")), cache_folder=tmp_path)
    assert len(dataset) + len(dataset.problems) == 4317
    assert len(dataset.problems) == 8
    assert {problem.key.split("/")[0] for problem in dataset.problems} == {"rose", "tulip"}
    split = assign_splits(dataset, seed=0)
    write_split_csv(split, tmp_path / "split.csv")
    table = read_split_csv(tmp_path / "split.csv")
    assert np.array_equal(table.splits, split.splits)
    sides: dict[bytes, int] = {}
    for digest, side in zip(table.digests, table.splits, strict=True):
        assert sides.setdefault(digest.tobytes(), int(side)) == side
    for label, count in enumerate(np.bincount(split.labels)):
        for code in (2, 3):
            assert abs(np.count_nonzero((split.labels == label) & (split.splits == code)) - count / 10) < 3
