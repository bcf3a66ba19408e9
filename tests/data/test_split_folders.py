"""Split folders by whatever name, told from classes, or refused: over real trees."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from striate.data.dataset import Dataset
from striate.data.folders import load_folders
from striate.errors import DataError

Tree = Callable[..., Path]


def found(dataset: Dataset) -> list[tuple[str, str, int]]:
    """Key, class and split of each picture."""
    keys = [dataset.pictures.key(index) for index in range(len(dataset))]
    return [
        (key, dataset.classes[label], split)
        for key, label, split in zip(keys, dataset.labels, dataset.splits.tolist(), strict=True)
    ]


def message_of(root: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_folders(root)
    return str(caught.value)


@pytest.mark.parametrize(
    ("first", "second", "code", "meant"),
    [
        ("Training", "Testing", 3, "test"),
        ("train", "dev", 2, "val"),
        ("train", "eval", 2, "val"),
        ("training_set", "test_set", 3, "test"),
        ("seg_train", "seg_test", 3, "test"),
        ("Train Images", "VALIDATION-SET", 2, "val"),
        ("train2017", "val2017", 2, "val"),
    ],
)
def test_split_folders_by_other_names(tree: Tree, first: str, second: str, code: int, meant: str) -> None:
    root = tree(f"{first}/elm/1.png", f"{first}/oak/1.png", f"{second}/elm/2.png", f"{second}/oak/2.png")
    dataset = load_folders(root)
    assert dataset.classes == ("elm", "oak")
    assert [split for _, _, split in found(dataset)] == [1, 1, code, code]
    said = [f"{first!r} is taken for the split train"] * (first != "train")
    assert dataset.notes == (f"in {root}, {'; '.join([*said, f'{second!r} is taken for the split {meant}'])}",)


def test_the_plain_names_need_no_word(tree: Tree) -> None:
    assert load_folders(tree("train/elm/1.png", "train/oak/1.png", "val/elm/2.png", "test/oak/3.png")).notes == ()


def test_an_archive_that_holds_each_split_twice(tree: Tree) -> None:
    root = tree(
        "seg_train/seg_train/elm/1.png",
        "seg_train/seg_train/oak/1.png",
        "seg_test/seg_test/elm/2.png",
        "seg_test/seg_test/oak/2.png",
        "seg_pred/seg_pred/7.png",
        "seg_pred/seg_pred/8.png",
    )
    dataset = load_folders(root)
    assert found(dataset) == [
        ("seg_train/seg_train/elm/1.png", "elm", 1),
        ("seg_train/seg_train/oak/1.png", "oak", 1),
        ("seg_test/seg_test/elm/2.png", "elm", 3),
        ("seg_test/seg_test/oak/2.png", "oak", 3),
    ]
    assert dataset.ignored == {"pictures without a label beside the splits": 2}
    assert dataset.notes == (
        f"in {root}, 'seg_train/seg_train' is taken for the split train; 'seg_test/seg_test' is taken for the split test; "
        "'seg_pred' is passed over: its pictures have no label",
    )


def test_one_split_alone(tree: Tree) -> None:
    dataset = load_folders(tree("Training/elm/1.png", "Training/oak/1.png"))
    assert [split for _, _, split in found(dataset)] == [1, 1]
    dataset = load_folders(tree("train/elm/1.png", "train/oak/1.png", "notes/a.txt", at=tree().parent / "notes"))
    assert [split for _, _, split in found(dataset)] == [1, 1]
    assert dataset.ignored == {"folders without pictures beside the splits": 1}


def test_a_split_beside_a_folder_that_is_none_asks(tree: Tree) -> None:
    root = tree("train/elm/1.png", "train/oak/1.png", "more/1.png")
    assert message_of(root) == (
        f"cannot tell splits from classes in {str(root)!r}: it has split folder 'train' and beside them "
        "folder 'more' with pictures; move one kind elsewhere"
    )


def test_classes_called_like_splits(tree: Tree) -> None:
    root = tree("train/1.png", "test/1.png", "plane/1.png")  # pictures right in them: nothing speaks for splits
    assert load_folders(root).classes == ("plane", "test", "train")
    root = tree("test/2021/1.png", "test/a.png", "test/b.png", "control/1.png", at=root.parent / "two")
    assert load_folders(root).classes == ("control", "test")
    root = tree("pre-test/1.png", "test/lot/1.png", at=root.parent / "lot")
    assert load_folders(root).classes == ("pre-test", "test")


def test_a_class_called_like_the_split_it_is_in(tree: Tree) -> None:
    dataset = load_folders(tree("train/test/1.png", "train/control/1.png", "test/test/2.png"))
    assert found(dataset) == [
        ("train/control/1.png", "control", 1),
        ("train/test/1.png", "test", 1),
        ("test/test/2.png", "test", 3),
    ]


def test_splits_below_the_classes(tree: Tree) -> None:
    root = tree("elm/train/1.png", "elm/test/2.png", "oak/Training/1.png", "oak/test/2.png", "oak/test/more/3.png")
    dataset = load_folders(root)
    assert found(dataset) == [
        ("elm/train/1.png", "elm", 1),
        ("oak/Training/1.png", "oak", 1),
        ("elm/test/2.png", "elm", 3),
        ("oak/test/2.png", "oak", 3),
        ("oak/test/more/3.png", "oak", 3),
    ]
    assert dataset.notes == (f"in {root}, classes 'elm', 'oak' hold their splits: Training, test, train",)


def test_splits_below_the_classes_of_which_one_lacks_one(tree: Tree) -> None:
    dataset = load_folders(tree("elm/train/1.png", "elm/val/2.png", "oak/train/1.png"))
    assert [(name, split) for _, name, split in found(dataset)] == [("elm", 1), ("oak", 1), ("elm", 2)]
    root = tree("elm/train/1.png", "elm/val/2.png", "oak/", at=tree().parent / "empty")
    assert message_of(root) == (f"no picture in class folder 'oak' of {str(root)!r}; add some, or remove what is empty")


def test_splits_below_some_classes_only_asks(tree: Tree) -> None:
    root = tree("elm/train/1.png", "elm/test/2.png", "oak/1.png")
    assert message_of(root) == (
        f"cannot tell splits from classes in {str(root)!r}: 'elm' holds split folders 'test', 'train', and 'oak' has "
        "pictures beside such folders; arrange them all alike, the splits on top: train/CLASS/..."
    )


def test_two_folders_for_one_split_of_a_class(tree: Tree) -> None:
    root = tree("elm/train/1.png", "elm/val/2.png", "elm/dev/3.png", "oak/train/1.png")
    assert message_of(root) == (f"'dev' and 'val' in {f'{root}/elm'!r} mean the same split; put them into one folder")


def test_several_data_sets_in_one_folder_ask(tree: Tree) -> None:
    kinds = [f"{split}/{kind}/1.png" for split in ("train", "test") for kind in ("elm", "oak")]
    root = tree(*(f"first/{name}" for name in kinds), *(f"second/{name}" for name in kinds))
    assert message_of(root) == (
        f"{str(root)!r} holds several data sets: 'first/test' is a split folder with class folders in it; "
        f"name one of them, such as {f'{root}/first'!r}"
    )


@pytest.mark.parametrize("names", [("one", "two"), ("2019", "2020"), ("fold1", "fold2"), ("A", "test")])
def test_folders_that_hold_the_same_folders_ask(tree: Tree, names: tuple[str, str]) -> None:
    root = tree(*(f"{name}/{kind}/1.png" for name in names for kind in ("elm", "oak", "yew")), "oak/2.png")
    said = message_of(root)
    if "test" in names:
        assert said.startswith(
            f"cannot tell splits from classes in {str(root)!r}: it has split folder 'test' and beside"
        )
        return
    assert said == (
        f"cannot tell splits from classes in {str(root)!r}: {names[0]!r} and {names[1]!r} both hold "
        "folders 'elm', 'oak', 'yew'; if they are splits, call them train, val and test; if they are classes, "
        "put the pictures of each right into its folder, or list them in a CSV table (path,label)"
    )


def test_alike_by_their_names_in_another_unicode_form_and_but_for_one_class_ask(tree: Tree) -> None:
    composed, decomposed = (unicodedata.normalize(form, "고양이") for form in ("NFC", "NFD"))
    root = tree(f"one/{composed}/1.png", "one/개/1.png", "one/새/1.png", f"two/{decomposed}/1.png", "two/개/1.png")
    assert f"'one' and 'two' both hold folders '개', '{composed}'; if they" in message_of(root)
    root = tree(
        "one/one/elm/1.png", "one/one/oak/1.png", "two/two/elm/1.png", "two/two/oak/1.png", at=root.parent / "b"
    )
    assert "'one' and 'two' both hold folders 'elm', 'oak'; if they" in message_of(root)


def test_classes_may_hold_folders(tree: Tree) -> None:
    for number, names in enumerate(
        [
            ("elm/images/1.png", "oak/images/1.png"),  # one name is nothing to go by
            (
                "elm/images/1.png",
                "elm/masks/a.txt",
                "oak/images/1.png",
                "oak/masks/a.txt",
            ),  # nor are folders without pictures
            ("elm/a/1.png", "elm/b/1.png", "oak/c/1.png", "oak/d/1.png"),
            ("elm/a/1.png", "elm/b/1.png", "elm/1.png", "elm/2.png", "oak/a/1.png", "oak/b/1.png"),
            (*(f"elm/{n}/1.png" for n in range(9)), *(f"oak/{n}/1.png" for n in range(7, 16))),
        ]
    ):
        assert load_folders(tree(*names, at=tree().parent / str(number))).classes == ("elm", "oak")
