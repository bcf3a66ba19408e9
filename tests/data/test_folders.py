from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from striate.data.dataset import Dataset
from striate.data.folders import load_folders
from striate.errors import DataError

Tree = Callable[..., Path]


def keys(dataset: Dataset) -> list[str]:
    return [dataset.pictures.key(index) for index in range(len(dataset))]


def labelled(dataset: Dataset) -> list[tuple[str, str]]:
    return [(key, dataset.classes[label]) for key, label in zip(keys(dataset), dataset.labels, strict=True)]


def message_of(root: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_folders(root)
    return str(caught.value)


def test_flat_tree(tree: Tree) -> None:
    root = tree("dog/b.jpg", "cat/2.png", "cat/10.png", "dog/a.JPG")
    dataset = load_folders(root)
    assert dataset.name == "photos"
    assert dataset.location == str(root)
    assert dataset.classes == ("cat", "dog")
    assert labelled(dataset) == [
        ("cat/10.png", "cat"),
        ("cat/2.png", "cat"),
        ("dog/a.JPG", "dog"),
        ("dog/b.jpg", "dog"),
    ]
    assert dataset.splits.tolist() == [0, 0, 0, 0]
    assert dataset.pictures.path(0) == root / "cat/10.png"
    assert dict(dataset.ignored) == {}


def test_nothing_is_opened(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree("a/1.png", "b/1.png")
    monkeypatch.setattr("pathlib.Path.open", None)
    monkeypatch.setattr("builtins.open", None)
    assert len(load_folders(root)) == 2


@pytest.mark.parametrize("val", ["val", "VAL", "validation", "Valid"])
def test_split_tree(tree: Tree, val: str) -> None:
    dataset = load_folders(
        tree("Train/cat/1.png", "Train/dog/1.png", f"{val}/dog/1.png", "TEST/cat/1.png", "TEST/dog/7.png")
    )
    assert dataset.classes == ("cat", "dog")
    assert keys(dataset) == [
        "Train/cat/1.png",
        "Train/dog/1.png",
        f"{val}/dog/1.png",
        "TEST/cat/1.png",
        "TEST/dog/7.png",
    ]
    assert dataset.splits.tolist() == [1, 1, 2, 3, 3]
    assert dataset.labels.tolist() == [0, 1, 1, 0, 1]  # by name: val has no cat


def test_class_that_training_never_saw(tree: Tree) -> None:
    root = tree("train/cat/1.png", "train/dog/1.png", "test/eel/1.png")
    assert message_of(root) == (
        f"'test' has pictures of class 'eel', which 'train' lacks, in {root}; "
        "add pictures to 'train', or remove those in 'test'"
    )


def test_splits_without_train(tree: Tree) -> None:
    dataset = load_folders(tree("val/cat/1.png", "test/dog/1.png"))
    assert dataset.classes == ("cat", "dog")
    assert dataset.splits.tolist() == [2, 3]


def test_empty_class_folder_in_val_is_ignored(tree: Tree) -> None:
    dataset = load_folders(tree("train/cat/1.png", "train/dog/1.png", "val/cat/2.png", "val/dog/", "val/eel/"))
    assert dataset.classes == ("cat", "dog")
    assert dataset.ignored == {"class folders without pictures in val or test": 2}


def test_unlabelled_test_pictures_are_no_classes(tree: Tree) -> None:
    dataset = load_folders(tree("train/cat/1.png", "train/dog/1.png", "test/1.png", "test/2.png"))
    assert dataset.splits.tolist() == [1, 1]
    assert dataset.ignored == {"files beside the class folders": 2}
    assert dataset.notes == (f"in {dataset.location}, 'test' is passed over: its pictures have no label",)


def test_a_class_may_be_called_like_a_split(tree: Tree) -> None:
    assert load_folders(tree("test/1.png", "control/1.png")).classes == ("control", "test")
    assert load_folders(tree("train/1.png", "plane/1.png", at=tree().parent / "x")).classes == ("plane", "train")


def test_splits_and_classes_mixed(tree: Tree) -> None:
    root = tree("train/cat/1.png", "val/cat/1.png", "dog/1.png", "notes/a.txt")
    assert message_of(root) == (
        f"cannot tell splits from classes in {str(root)!r}: it has split folders 'train', 'val' and beside them "
        "folder 'dog' with pictures; move one kind elsewhere"
    )


def test_folders_without_pictures_beside_splits_are_ignored(tree: Tree) -> None:
    dataset = load_folders(tree("train/cat/1.png", "train/dog/1.png", "val/cat/1.png", "notes/a.txt", "empty/"))
    assert dataset.splits.tolist() == [1, 1, 2]
    assert dataset.ignored == {"folders without pictures beside the splits": 2}


def test_two_folders_for_one_split(tree: Tree) -> None:
    root = tree("train/cat/1.png", "val/cat/1.png", "validation/cat/1.png")
    assert message_of(root) == f"'val' and 'validation' in {str(root)!r} mean the same split; put them into one folder"


def test_what_is_ignored_is_counted_by_kind(tree: Tree) -> None:
    root = tree(
        "cat/1.png",
        "cat/.hidden.png",
        "cat/._1.png",
        "cat/notes.txt",
        "cat/movie.mp4",
        "cat/Thumbs.db",
        "cat/.ipynb_checkpoints/1.png",
        "dog/1.png",
        "dog/desktop.ini",
        "README.md",
        "stray.png",
        ".git/1.png",
        "__MACOSX/cat/1.png",
        "@eaDir/1.png",
    )
    (root / "cat/gone.png").symlink_to(root / "nowhere.png")
    (root / "cat/self.png").symlink_to(root / "cat/self.png")
    os.mkfifo(root / "cat/pipe.png")
    dataset = load_folders(root)
    assert keys(dataset) == ["cat/1.png", "dog/1.png"]
    assert dataset.ignored == {
        "broken links": 2,
        "files beside the class folders": 2,
        "files that are not pictures": 2,
        "hidden files": 2,
        "hidden folders": 2,
        "pipes and devices": 1,
        "system files": 2,
        "system folders": 2,
    }


def test_nested_folders_belong_to_the_class(tree: Tree) -> None:
    dataset = load_folders(tree("cat/2021/may/1.png", "cat/2020/1.png", "cat/z.png", "dog/train/1.png", "dog/a.png"))
    assert labelled(dataset) == [
        ("cat/2020/1.png", "cat"),
        ("cat/2021/may/1.png", "cat"),
        ("cat/z.png", "cat"),
        ("dog/a.png", "dog"),
        ("dog/train/1.png", "dog"),
    ]


def test_links_are_followed_but_not_in_rings(tree: Tree) -> None:
    root = tree("cat/1.png", "dog/1.png")
    elsewhere = tree("1.png", at=root.parent / "elsewhere")
    (root / "eel").symlink_to(elsewhere)  # a class
    (root / "cat/ring").symlink_to(root / "cat")
    (root / "cat/up").symlink_to(root)
    (root / "cat/top").symlink_to("/")
    (root / "dog/again").symlink_to(elsewhere)
    (root / "dog/and again").symlink_to(elsewhere)
    dataset = load_folders(root)
    assert labelled(dataset) == [
        ("cat/1.png", "cat"),
        ("dog/1.png", "dog"),
        ("dog/again/1.png", "dog"),  # the first of two links to one folder
        ("eel/1.png", "eel"),
    ]
    assert dataset.ignored == {"links to folders read already": 4}


def test_one_split_may_be_a_link_to_another(tree: Tree) -> None:
    root = tree("train/cat/1.png", "train/dog/1.png", "val/cat/2.png", "val/dog/2.png")
    (root / "test").symlink_to(root / "val")
    assert load_folders(root).splits.tolist() == [1, 1, 2, 2, 3, 3]


def test_composed_and_decomposed_names_are_one_class(tree: Tree) -> None:
    composed, decomposed = (unicodedata.normalize(form, "고양이") for form in ("NFC", "NFD"))
    dataset = load_folders(tree(f"train/{decomposed}/1.png", "train/개/1.png", f"val/{composed}/1.png"))
    assert dataset.classes == ("개", composed)
    assert [dataset.classes[label] for label in dataset.labels] == [composed, "개", composed]
    assert dataset.pictures.read(0)[:4] == b"\x89PNG"


def test_file_names_of_any_bytes(tree: Tree) -> None:
    root = tree("cat/1.png", "dog/1.png")
    os.rename(os.fsencode(root / "cat/1.png"), os.fsencode(root / "cat") + b"/\xff\n.png")
    dataset = load_folders(root)
    assert dataset.pictures.read(0)[:4] == b"\x89PNG"


def test_no_picture(tree: Tree) -> None:
    root = tree("cat/", "dog/a.txt")
    assert message_of(root) == (
        f"no picture in {str(root)!r}; it has folders 'cat', 'dog', all without a picture in them"
    )


def test_empty_class_folder(tree: Tree) -> None:
    root = tree("cat/1.png", "dog/1.png", "eel/", "fox/a.txt")
    assert message_of(root) == (
        f"no picture in class folders 'eel', 'fox' of {str(root)!r}; add some, or remove what is empty"
    )
    root = tree("train/cat/1.png", "train/dog/", "val/dog/1.png", at=root.parent / "split")
    assert message_of(root) == (
        f"no picture in class folder 'train/dog' of {str(root)!r}; add some, or remove what is empty"
    )


def test_no_class_folder(tree: Tree) -> None:
    root = tree("1.png", "2.JPG", "notes.txt", ".git/x.png")
    assert message_of(root) == (
        f"{str(root)!r} holds 2 pictures but no class folder; "
        "put the pictures of each class into a folder that has the class's name"
    )
    empty = tree(at=root.parent / "empty")
    assert message_of(empty) == (
        f"{str(empty)!r} holds no class folder; put the pictures of each class into a folder that has the class's name"
    )
    table = tree("1.png", "labels.csv", at=root.parent / "table")
    assert message_of(table) == (
        f"{str(table)!r} holds 1 picture but no class folder; put the pictures of each class into a folder that has "
        f"the class's name, or name the table if it lists them ({str(table / 'labels.csv')!r})"
    )


def test_the_folder_of_one_class(tree: Tree) -> None:
    outer = tree("train/cat/1.png", "train/dog/1.png", "val/cat/1.png")
    said = "put the pictures of each class into a folder that has the class's name"
    assert message_of(outer / "train" / "cat") == (
        f"{str(outer / 'train' / 'cat')!r} holds 1 picture but no class folder; {said}; "
        f"or, if it is the folder of one class, name {str(outer)!r} instead"
    )
    flat = tree("cat/1.png", "dog/1.png", at=outer.parent / "flat")
    assert message_of(flat / "cat").endswith(f"; or, if it is the folder of one class, name {str(flat)!r} instead")
    assert message_of(tree("only/1.png", at=outer.parent / "lonely") / "only").endswith(said)


def test_one_class_that_holds_splits(tree: Tree) -> None:
    outer = tree("images/train/cat/1.png", "images/train/dog/1.png")
    assert message_of(outer).endswith(f"; if the classes lie in it, name {str(outer / 'images')!r} instead")


def test_one_class(tree: Tree) -> None:
    root = tree("cat/1.png")
    assert message_of(root) == (f"only one class ('cat') in {str(root)!r}; telling classes apart takes at least two")
    outer = tree("photos/cat/1.png", "photos/dog/1.png", at=root.parent / "outer")
    assert message_of(outer) == (
        f"only one class ('photos') in {str(outer)!r}; telling classes apart takes at least two; "
        f"if the classes lie in it, name {str(outer / 'photos')!r} instead"
    )
    split = tree("train/cat/1.png", at=root.parent / "split")
    assert message_of(split) == f"only one class ('cat') in {split}; telling classes apart takes at least two"


def test_unreadable_folder_is_named(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree("cat/1.png", "dog/1.png")
    scandir = os.scandir

    def refuse(folder: Path) -> object:
        if Path(folder).name == "dog":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    assert message_of(root) == f"cannot read the folder {str(root / 'dog')!r}: Permission denied"


def test_two_class_folders_of_one_name(tree: Tree) -> None:
    composed, decomposed = (unicodedata.normalize(form, "고양이") for form in ("NFC", "NFD"))
    root = tree(f"{composed}/1.png", f"{decomposed}/2.png", "개/1.png")
    assert message_of(root) == (
        f"two class folders in {str(root)!r} have one name: {decomposed!r} and {composed!r}, which differ by their Unicode "
        f"form alone ({decomposed!a}, {composed!a}); put their pictures into one folder"
    )
    root = tree(f"train/{composed}/1.png", f"train/{decomposed}/2.png", "train/개/1.png", at=root.parent / "split")
    assert f"two class folders in {str(root / 'train')!r} have one name: " in message_of(root)
