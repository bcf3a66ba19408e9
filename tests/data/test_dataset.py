from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from striate.data.assembling import assemble, listed
from striate.data.dataset import Dataset, Problem
from striate.data.names import Names
from striate.data.pictures import ArrayPictures, FilePictures, PictureTable, picture_digest
from striate.errors import DataError, UnknownNameError, UsageError


def assembled(labels: list[int], splits: list[int], class_names: list[str]) -> Dataset:
    return assemble(
        name="x",
        location="/x",
        pictures=ArrayPictures.whole({"x": np.arange(len(labels) * 4, dtype=np.uint8).reshape(-1, 2, 2)}),
        class_names=class_names,
        labels=np.array(labels, dtype=np.int32),
        splits=np.array(splits, dtype=np.uint8),
    )


def test_file_pictures(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/1.png").write_bytes(b"one")
    other = tmp_path / "other.png"
    other.write_bytes(b"two")
    pictures = FilePictures(tmp_path, Names.from_strings(["a/1.png", str(other)]))
    assert len(pictures) == 2
    assert pictures.key(0) == "a/1.png"
    assert pictures.path(0) == tmp_path / "a/1.png"
    assert pictures.path(1) == other  # an absolute path stays
    assert pictures.read(0) == b"one"
    turned = pictures.select(np.array([1, 0]))
    assert [turned.read(0), turned.read(1)] == [b"two", b"one"]


def test_array_pictures_of_two_parts() -> None:
    grey = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    colour = np.arange(12, dtype=np.uint8).reshape(1, 2, 2, 3)
    pictures = ArrayPictures.whole({"train": grey, "test": colour})
    assert [pictures.key(index) for index in range(len(pictures))] == ["train/0", "train/1", "test/0"]
    assert pictures.path(0) is None
    assert np.array_equal(pictures.read(1), grey[1])
    assert np.array_equal(pictures.select(np.array([2])).read(0), colour[0])
    with pytest.raises(IndexError):
        pictures.read(3)
    with pytest.raises(IndexError, match="row 9 lies behind the last part"):
        ArrayPictures({"train": grey}, np.array([9])).read(0)


def test_picture_digest_tells_shapes_apart() -> None:
    values = np.arange(12, dtype=np.uint8)
    digests = {picture_digest(values.reshape(shape)) for shape in ((3, 4), (4, 3), (2, 2, 3))}
    assert len(digests) == 3
    assert all(len(digest) == 32 for digest in digests)
    turned = values.reshape(3, 4)[:, ::-1]  # not contiguous
    assert picture_digest(turned) == picture_digest(np.ascontiguousarray(turned))


def test_classes_are_sorted_by_code_point_and_labels_follow() -> None:
    dataset = assembled([0, 1, 2, 3], [0] * 4, ["b", "10", "é", "2"])
    assert dataset.classes == ("10", "2", "b", "é")
    assert [dataset.classes[label] for label in dataset.labels] == ["b", "10", "é", "2"]
    assert dataset.labels.dtype == np.int32


def test_class_names_without_pictures_are_dropped() -> None:
    dataset = assembled([0, 2], [0, 0], ["a", "b", "c"])
    assert dataset.classes == ("a", "c")
    assert dataset.labels.tolist() == [0, 1]


def test_a_split_that_lacks_a_class_maps_right() -> None:
    dataset = assembled([0, 1, 2, 2, 0], [1, 1, 1, 2, 3], ["cat", "dog", "eel"])
    assert dataset.counts() == {
        "cat": {"train": 1, "val": 0, "test": 1},
        "dog": {"train": 1, "val": 0, "test": 0},
        "eel": {"train": 1, "val": 1, "test": 0},
    }


@pytest.mark.parametrize(
    ("labels", "splits", "message"),
    [
        ([], [], "no picture in /x"),
        ([1, 1], [0, 0], "only one class ('b') in /x; telling classes apart takes at least two"),
        (
            [0, 1, 2],
            [1, 1, 2],
            "'val' has pictures of class 'c', which 'train' lacks, in /x; "
            "add pictures to 'train', or remove those in 'val'",
        ),
        (
            [0, 1, 2],
            [1, 3, 3],
            "'test' has pictures of classes 'b', 'c', which 'train' lacks, in /x; "
            "add pictures to 'train', or remove those in 'test'",
        ),
    ],
)
def test_what_cannot_be_used(labels: list[int], splits: list[int], message: str) -> None:
    with pytest.raises(DataError) as caught:
        assembled(labels, splits, ["a", "b", "c"])
    assert str(caught.value) == message


def test_splits_without_train_take_all_classes() -> None:
    assert assembled([0, 1], [2, 3], ["a", "b"]).classes == ("a", "b")


def test_indices_and_has_splits() -> None:
    dataset = assembled([0, 1, 0, 1], [1, 1, 2, 1], ["a", "b"])
    assert dataset.has_splits
    assert dataset.indices("train").tolist() == [0, 1, 3]
    assert dataset.indices("val").tolist() == [2]
    assert dataset.indices("test").tolist() == []
    assert dataset.indices("test").dtype == np.int64
    assert not assembled([0, 1], [0, 0], ["a", "b"]).has_splits
    with pytest.raises(UnknownNameError, match="unknown split 'validation'; known: train, val, test"):
        dataset.indices("validation")


def test_select_keeps_rows_together(made: Callable[..., Dataset]) -> None:
    dataset = replace(made((1, 0, 1, 0), (2, 1, 1, 1), (3, 1, 3, 2)), problems=(Problem("k", "r"),))
    chosen = dataset.select(np.array([2, 0]))
    assert [chosen.pictures.key(0), chosen.pictures.key(1)] == ["made/2", "made/0"]
    assert chosen.labels.tolist() == [1, 0]
    assert chosen.splits.tolist() == [3, 1]
    assert chosen.groups is not None
    assert chosen.groups.tolist() == [2, 0]
    assert np.array_equal(chosen.checked_facts.digests, dataset.checked_facts.digests[[2, 0]])
    assert chosen.problems == dataset.problems
    assert chosen.classes == dataset.classes


def test_counts_of_unassigned() -> None:
    assert assembled([0, 1, 1], [0, 0, 0], ["a", "b"]).counts() == {"a": {"unassigned": 1}, "b": {"unassigned": 2}}


def test_fingerprint_needs_the_check() -> None:
    with pytest.raises(UsageError) as caught:
        _ = assembled([0, 1], [0, 0], ["a", "b"]).fingerprint
    assert str(caught.value) == "the pictures of 'x' are not checked yet; call check_pictures first"


def test_fingerprint_sees_contents_names_and_splits_but_not_order(made: Callable[..., Dataset]) -> None:
    dataset = made((1, 0, 1), (2, 1, 1), (3, 1, 2))
    assert len(dataset.fingerprint) == 64
    assert dataset.select(np.array([2, 0, 1])).fingerprint == dataset.fingerprint
    others = [
        made((9, 0, 1), (2, 1, 1), (3, 1, 2)),
        made((1, 0, 1), (2, 1, 1), (3, 1, 3)),
        made((1, 1, 1), (2, 0, 1), (3, 1, 2)),
        replace(dataset, classes=("class0", "other")),
    ]
    assert len({dataset.fingerprint, *(other.fingerprint for other in others)}) == 5


def test_fingerprint_does_not_depend_on_empty_classes(made: Callable[..., Dataset]) -> None:
    dataset = made((1, 0), (2, 1))
    shifted = replace(dataset, classes=("a", *dataset.classes), labels=dataset.labels + 1)
    assert shifted.fingerprint == dataset.fingerprint


def test_picture_table_selects() -> None:
    numbers = np.arange(3, dtype=np.int32)
    table = PictureTable(np.eye(3, 32, dtype=np.uint8), numbers, numbers + 10, numbers == 1)
    chosen = table.select(np.array([1, 1]))
    assert chosen.widths.tolist() == [1, 1]
    assert chosen.heights.tolist() == [11, 11]
    assert chosen.colour.tolist() == [True, True]
    assert chosen.digests[:, 1].tolist() == [1, 1]


def test_listed() -> None:
    assert listed("class", ["a", "b"]) == "classes 'a', 'b'"
    assert listed("column", [str(number) for number in range(7)]) == "columns '0', '1', '2', '3', '4' and 2 more"
