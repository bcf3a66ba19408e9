from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from striate.data.loading import load_data
from striate.errors import StriateError, UsageError

Tree = Callable[..., Path]
BUILT_IN = "built-in sets: cifar10, digits, fashion-mnist, mnist"


def message_of(location: str | Path) -> str:
    with pytest.raises(StriateError) as caught:
        load_data(location)
    return str(caught.value)


def test_a_folder_as_text_path_or_relative(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree("cat/1.png", "dog/1.png")
    monkeypatch.chdir(root.parent)
    monkeypatch.setenv("HOME", str(root.parent))
    for location in (root, str(root), str(root) + "/", "photos", "./photos/", "~/photos", "photos/cat/.."):
        dataset = load_data(location)
        assert (dataset.name, dataset.location) == ("photos", str(root))
    monkeypatch.chdir(root)
    assert load_data(".").name == "photos"


def test_a_linked_folder_keeps_its_name(tree: Tree) -> None:
    root = tree("cat/1.png", "dog/1.png")
    link = root.parent / "pets"
    link.symlink_to(root)
    assert load_data(link).name == "pets"


def test_a_table(tree: Tree) -> None:
    root = tree("1.png", "2.png")
    for name in ("labels.csv", "LABELS.CSV"):
        (root / name).write_text("path,label\n1.png,a\n2.png,b\n")
        assert load_data(root / name).classes == ("a", "b")


def test_idx_files(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(bytes([0, 0, 8, 3, *[0, 0, 0, 2] * 3, *range(8)]))
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 5, 6]))
    assert load_data(tmp_path).classes == ("5", "6")
    assert load_data("mnist", root=tmp_path).classes == ("5", "6")
    assert load_data("mnist", root=str(tmp_path)).name == "mnist"


def test_a_built_in_name_is_never_a_folder(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree("cat/1.png", "dog/1.png", at=tree().parent / "digits")
    monkeypatch.chdir(root.parent)
    assert len(load_data("digits")) == 1797
    assert len(load_data("./digits")) == 2
    assert len(load_data(Path("digits"))) == 2


def test_what_does_not_exist(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree("cat/1.png")
    monkeypatch.chdir(root.parent)
    assert message_of("fotos") == f"there is no 'fotos'; did you mean 'photos'? {BUILT_IN}"
    assert message_of("photos/cats") == f"there is no 'photos/cats'; did you mean 'photos/cat'? {BUILT_IN}"
    assert message_of(root / "cats") == f"there is no '{root}/cats'; did you mean '{root}/cat'? {BUILT_IN}"
    assert message_of("minst") == f"there is no 'minst'; did you mean 'mnist'? {BUILT_IN}"
    assert message_of("./minst") == f"there is no './minst'; did you mean 'mnist'? {BUILT_IN}"
    assert message_of("zzz") == f"there is no 'zzz'; {BUILT_IN}"
    with pytest.raises(UsageError):  # exit code 2, as for a run that is not there
        load_data("zzz")
    assert message_of("photo/cat/1") == f"there is no 'photo/cat/1'; did you mean '{root}'? {BUILT_IN}"
    for name in ("fotoz.txt", ".fotoz", "fotoz"):  # a file, a hidden folder, a folder without pictures
        (root.parent / name).write_text("") if name.endswith("t") else (root.parent / name).mkdir()
    assert message_of("fotozz") == f"there is no 'fotozz'; {BUILT_IN}"
    (root.parent / "labels.csv").write_text("path,label")
    assert message_of("label.csv") == f"there is no 'label.csv'; did you mean 'labels.csv'? {BUILT_IN}"
    (root.parent / "features").mkdir()
    (root.parent / "features" / "1.png").touch()
    assert message_of("pictures") == f"there is no 'pictures'; {BUILT_IN}"  # it is not like enough
    assert message_of("zzz/cat/1") == f"there is no 'zzz/cat/1': '{root.parent}' has no 'zzz'; {BUILT_IN}"


@pytest.mark.parametrize("name", ["data.zip", "1.png", "table.tsv"])
def test_a_file_that_is_no_table(tree: Tree, name: str) -> None:
    root = tree(name)
    assert message_of(root / name) == (
        f"'{root / name}' is neither a folder nor a .csv table; name the folder that holds the class folders"
    )


def test_root_and_download_go_with_built_in_names(tree: Tree) -> None:
    root = tree("cat/1.png", "dog/1.png")
    for arguments in ({"root": root}, {"download": True}):
        with pytest.raises(UsageError) as caught:
            load_data(root, **arguments)  # type: ignore[arg-type]
        assert str(caught.value) == (
            f"root and download go with a built-in name (cifar10, digits, fashion-mnist, mnist), got '{root}'"
        )


def test_what_may_not_be_read() -> None:
    name = "x" * 300
    assert message_of(name) == f"cannot read '{name}': File name too long"


def test_a_url_is_said_to_be_none() -> None:
    with pytest.raises(StriateError) as caught:
        load_data("https://example.org/photos.zip")
    assert str(caught.value) == (
        "'https://example.org/photos.zip' is a URL, and nothing is downloaded: save the data, and give the path of its folder"
    )


def test_a_path_in_another_unicode_form_than_on_the_disk(tree: Tree) -> None:
    composed, decomposed = (unicodedata.normalize(form, "사진") for form in ("NFC", "NFD"))
    root = tree("cat/1.png", "dog/1.png", at=tree().parent / decomposed)
    assert load_data(root.parent / composed).location == str(root)


@pytest.mark.parametrize("name", [".", "split.csv", "bundle", "bundle/canaries"])
def test_a_run_is_no_data(tmp_path, name):
    (tmp_path / "bundle" / "canaries").mkdir(parents=True)
    for file in ("recipe.toml", "split.csv", "bundle/contract.json", "bundle/canaries/0.png"):
        (tmp_path / file).touch()
    place = tmp_path / name
    with pytest.raises(StriateError) as caught:
        load_data(place)
    if name == "bundle/canaries":
        assert "belongs to" not in str(caught.value)
    elif name == "bundle":
        assert str(caught.value) == (
            f"{str(place)!r} belongs to a run or a bundle, and is no data; to measure it on data: striate evaluate {place} DATA"
        )
    else:
        assert isinstance(caught.value, UsageError)
        assert str(caught.value) == (
            f"{str(place)!r} belongs to a run or a bundle, and is no data; to measure it on data: striate evaluate {tmp_path} "
            f"DATA, go on with a run: striate train --resume {tmp_path}"
        )


def test_a_run_is_not_offered_for_data(tmp_path):
    (tmp_path / "run1" / "bundle" / "canaries").mkdir(parents=True)
    (tmp_path / "run1" / "recipe.toml").touch()
    (tmp_path / "run1" / "bundle" / "canaries" / "0.png").touch()
    with pytest.raises(StriateError) as caught:
        load_data(tmp_path / "run12" / "split.csv")
    assert "did you mean" not in str(caught.value)
