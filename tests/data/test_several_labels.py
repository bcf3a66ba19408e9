"""Several labels a picture: from tables and class folders to checked data with splits, and back from a run's table."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from striate.data import assign_splits, check_pictures, load_data, read_split_csv, write_split_csv
from striate.data.assembling import assemble
from striate.data.dataset import TRAIN, Dataset
from striate.data.known_classes import labels_of
from striate.data.pictures import ArrayPictures
from striate.data.preparation import listed_pictures
from striate.errors import DataError, UnknownNameError
from striate.tasks import OF_SEVERAL_LABELS as SEVERAL
from striate.tasks import USUAL_TASK

Tree = Callable[..., Path]


@pytest.fixture
def table(tree: Tree) -> Callable[[str], Path]:
    """A function that writes a CSV beside four pictures."""
    root = tree("a.png", "b.png", "c.png", "d.png")

    def write(text: str) -> Path:
        path = root / "table.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def told(dataset: Dataset) -> dict[str, str]:
    """What each picture is labelled, by its key."""
    return {
        dataset.pictures.key(row): dataset.task.tell(dataset.labels[row], dataset.classes)
        for row in range(len(dataset))
    }


def made(labels: list[str], splits: int = 0) -> Dataset:
    """A checked data set of different pictures in memory, with these labels."""
    names = sorted({name for text in labels for name in SEVERAL.names(text)})
    pixels = np.arange(len(labels), dtype=np.uint8).repeat(64).reshape(-1, 8, 8)
    return check_pictures(
        assemble(
            name="x",
            location="x",
            pictures=ArrayPictures.whole({"x": pixels}),
            class_names=names,
            labels=SEVERAL.encode(labels, names),
            splits=np.full(len(labels), splits, dtype=np.uint8),
            task=SEVERAL,
        )
    )


def test_a_column_of_labels(table: Callable[[str], Path]) -> None:
    dataset = load_data(table("path,labels\na.png,owl|cat\nb.png,\nc.png, cat | cat\nd.png,dog\n"))
    assert (dataset.task, dataset.classes, dataset.labels.dtype) == (SEVERAL, ("cat", "dog", "owl"), bool)
    assert told(dataset) == {"a.png": "cat|owl", "b.png": "", "c.png": "cat", "d.png": "dog"}
    assert dataset.counts() == {"cat": {"unassigned": 2}, "dog": {"unassigned": 1}, "owl": {"unassigned": 1}}


def test_a_column_a_label(table: Callable[[str], Path]) -> None:
    text = ",path,Cat,dog,split\n0,a.png,1,0,train\n1,b.png,0,0,train\n2,c.png,True,1.0,train\n3,d.png,0,1,test\n"
    dataset = load_data(table(text))
    assert (dataset.task, dataset.classes) == (SEVERAL, ("Cat", "dog"))
    assert told(dataset) == {"a.png": "Cat", "b.png": "", "c.png": "Cat|dog", "d.png": "dog"}
    assert dataset.splits.tolist() == [1, 1, 1, 3] and dataset.ignored == {"columns without a name": 1}


def test_a_line_a_label_on_request(table: Callable[[str], Path]) -> None:
    path = table("path,label\na.png,owl\nb.png,cat\na.png,cat\nc.png,dog\na.png,cat\n")
    assert told(load_data(path, task="multi_label")) == {"a.png": "cat|owl", "b.png": "cat", "c.png": "dog"}
    with pytest.raises(DataError, match=r"where pictures may be of several classes, say so by --task multi_label$"):
        load_data(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,labels\na.png,cat\na.png,dog\n", "line 3: 'a.png' has another label than in line 2; a picture stands in one line"),
        ("path,labels\na.png,\n", "no picture in {path} has a label; there is nothing to learn"),
        ("path,label,labels\na.png,cat,dog\n", "the header names both 'label' and 'labels'; keep one"),
        ("path,a|b,c\na.png,1,0\n", "the column 'a|b' can be no label: '|' stands between labels; rename it"),
        ("path,cat,CAT\na.png,1,0\n", "the header names the column 'cat' 2 times; keep one"),
        (
            "path,cat,dog\na.png,1,0\nb.png,-1,1\n",
            "the header has no column 'label' (it has 'path', 'cat', 'dog'), and line 3 has '-1' under 'cat': what a picture shows "
            "stands in a column 'label' or 'labels' or 'text', or in a column for each label that holds 0 and 1",
        ),
    ],
)  # fmt: skip
def test_tables_that_make_no_sense(table: Callable[[str], Path], text: str, message: str) -> None:
    path = table(text)
    with pytest.raises(DataError) as caught:
        load_data(path)
    assert message.format(path=path) in str(caught.value)


def test_one_label_a_picture_is_not_read_from_a_table_of_several(table: Callable[[str], Path]) -> None:
    with pytest.raises(
        DataError, match="has the column 'labels', several labels a picture, and one label a picture was"
    ):
        load_data(table("path,labels\na.png,cat\nb.png,dog\n"), task="single_label")
    with pytest.raises(UnknownNameError, match=r"^unknown task 'multilabel'; did you mean 'multi_label'"):
        load_data(table("path,labels\na.png,cat\n"), task="multilabel")


def test_a_label_that_no_training_picture_has_is_left_out_with_a_sentence(table: Callable[[str], Path]) -> None:
    text = "path,labels,split\na.png,cat,train\nb.png,dog,train\nc.png,cat|zebra,val\nd.png,zebra|gnu,test\n"
    dataset = load_data(table(text))
    assert dataset.classes == ("cat", "dog")
    assert told(dataset) == {"a.png": "cat", "b.png": "dog", "c.png": "cat", "d.png": ""}
    assert dataset.notes == (
        "'val' has pictures with the label 'zebra', which no picture in 'train' has, so that nothing can be learnt of it: left out; "
        "the pictures keep their other labels",
        "'test' has pictures with the labels 'gnu', 'zebra', which no picture in 'train' has, so that nothing can be learnt of them: "
        "left out; the pictures keep their other labels",
    )


@pytest.fixture
def shared_picture(tree: Tree) -> Path:
    """Class folders of which two hold the same picture."""
    root = tree("cat/1.png", "cat/2.png", "dog/3.png", "dog/4.png", "owl/5.png")
    shutil.copy(root / "cat/1.png", root / "dog/again.png")
    return root


def test_a_picture_in_several_class_folders_has_all_their_labels_on_request(shared_picture: Path) -> None:
    dataset = check_pictures(load_data(shared_picture, task="multi_label"))
    assert list(told(dataset).values()) == ["cat|dog", "cat", "dog", "dog", "owl"]
    assert dataset.pictures.key(0) == "cat/1.png"
    assert dataset.problems == ()


def test_without_the_request_it_is_a_contradiction_and_the_note_says_what_to_do(shared_picture: Path) -> None:
    dataset = check_pictures(load_data(shared_picture))
    assert [problem.key for problem in dataset.problems] == ["cat/1.png", "dog/again.png"]
    assert dataset.notes == (
        "2 pictures lie as exact copies in folders or lines of different classes; where pictures may be of several classes, say so by "
        "--task multi_label",
    )


def test_copies_in_two_splits_stay_in_both_with_all_their_labels(tree: Tree) -> None:
    root = tree("train/cat/1.png", "train/dog/2.png", "test/cat/3.png")
    shutil.copy(root / "train/cat/1.png", root / "train/dog/again.png")
    (root / "test/dog").mkdir()
    shutil.copy(root / "train/cat/1.png", root / "test/dog/leaked.png")
    dataset = check_pictures(load_data(root, task="multi_label"))
    assert told(dataset) == {
        "train/cat/1.png": "cat|dog",
        "train/dog/2.png": "dog",
        "test/cat/3.png": "cat",
        "test/dog/leaked.png": "cat|dog",
    }


def test_a_class_folder_with_a_bar_in_its_name_can_be_no_label(tree: Tree) -> None:
    root = tree("cat|dog/1.png", "owl/2.png")
    with pytest.raises(
        DataError, match=r"^the class 'cat\|dog' in .* can be no label: '\|' stands between labels; rename"
    ):
        load_data(root, task="multi_label")
    assert load_data(root).classes == ("cat|dog", "owl")


def test_copies_that_a_table_labels_otherwise_are_set_aside(table: Callable[[str], Path]) -> None:
    path = table("path,labels\na.png,cat|dog\nb.png,dog\nc.png,dog\nd.png,cat\n")
    shutil.copy(path.parent / "a.png", path.parent / "b.png")
    dataset = check_pictures(load_data(path))
    assert [(problem.key, problem.reason) for problem in dataset.problems] == [
        ("a.png", "it is labelled 'cat|dog', but its exact copy b.png is labelled 'dog'"),
        ("b.png", "it is labelled 'dog', but its exact copy a.png is labelled 'cat|dog'"),
    ]


def test_every_split_has_each_label_in_its_share_and_train_has_all() -> None:
    generator = np.random.default_rng(0)
    chances = np.array([0.6, 0.3, 0.1, 0.05])
    there = generator.random((240, 4)) < chances
    dataset = assign_splits(made([SEVERAL.tell(row, ("a", "b", "c", "d")) for row in there]), seed=0)
    table = np.array([[row[split] for split in ("train", "val", "test")] for row in dataset.counts().values()])
    shares = table / table.sum(axis=1, keepdims=True)
    assert np.abs(shares[:3] - [0.8, 0.1, 0.1]).max() < 0.06
    assert (table[3] > 0).all()  # of 12 pictures or so
    empty = ~dataset.labels.any(axis=1)
    assert [int((dataset.splits[empty] == code).sum()) > 0 for code in (1, 2, 3)] == [True] * 3


def test_a_label_never_leaves_train_whatever_is_drawn() -> None:
    # Of `common` no picture is without a rarer label, so that its stratum is always another's.
    labels = ["common|r1", "common|r2", "r1", "r1", "r2", "r2", "r1", "r2"] + ["r3"] * 3
    for seed in range(40):
        dataset = assign_splits(made(labels), seed=seed)
        assert all(row.get("train", 0) for row in dataset.counts().values()), seed


def test_a_runs_table_tells_the_labels_again(tmp_path: Path) -> None:
    dataset = assign_splits(made(["cat|dog", "", "owl", "dog", "cat", "owl|cat"]), seed=0)
    write_split_csv(dataset, tmp_path / "split.csv")
    assert (tmp_path / "split.csv").read_text().startswith("path,labels,split,sha256\nx/0,cat|dog,")
    found = read_split_csv(tmp_path / "split.csv")
    assert found.task is SEVERAL and found.classes == dataset.classes
    again = listed_pictures(replace(dataset, splits=dataset.splits * 0), found, classes=("owl", "dog", "cat"))
    assert told(again) == {"x/0": "dog|cat", "x/1": "", "x/2": "owl", "x/3": "dog", "x/4": "cat", "x/5": "owl|cat"}
    assert again.splits.tolist() == dataset.splits.tolist()


def test_the_fingerprint_is_of_the_label_sets() -> None:
    dataset = made(["cat|dog", "", "owl"], splits=TRAIN)
    turned = dataset.select(np.array([2, 0, 1]))
    assert dataset.fingerprint == turned.fingerprint
    assert dataset.fingerprint != made(["cat|dog", "cat", "owl"], splits=TRAIN).fingerprint


def test_labels_are_those_that_a_classifier_knows_by_name() -> None:
    dataset = made(["cat|dog", "", "owl"])
    assert labels_of(dataset, ("owl", "gnu", "dog", "cat")).astype(int).tolist() == [[0, 0, 1, 1], [0, 0, 0, 0], [1, 0, 0, 0]]  # fmt: skip
    with pytest.raises(DataError, match="has classes that the classifier does not know: 'owl'; it knows cat, dog"):
        labels_of(dataset, ("cat", "dog"))


def test_a_built_in_set_is_taken_as_labels_too() -> None:
    dataset = load_data("digits", task="multi_label")
    assert dataset.labels.shape == (1797, 10) and (dataset.labels.sum(axis=1) == 1).all()
    assert load_data("digits").task is USUAL_TASK
