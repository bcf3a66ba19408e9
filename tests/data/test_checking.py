from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from striate.data import checking
from striate.data.assembling import assemble
from striate.data.checking import check_pictures
from striate.data.dataset import Dataset, Problem
from striate.data.folders import load_folders
from striate.data.pictures import ArrayPictures, picture_digest
from striate.errors import DataError

Tree = Callable[..., Path]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows of the pictures that were opened."""
    rows: list[int] = []
    examine = checking._examine

    def count(dataset: Dataset, index: int, *others: object) -> object:
        rows.append(index)
        return examine(dataset, index, *others)

    monkeypatch.setattr(checking, "_examine", count)
    return rows


def arrays(contents: list[int], labels: list[int], splits: list[int] | None = None) -> Dataset:
    return assemble(
        name="x",
        location="x",
        pictures=ArrayPictures.whole({"x": np.array(contents, dtype=np.uint8).reshape(-1, 1, 1)}),
        class_names=["cat", "dog", "eel"],
        labels=np.array(labels, dtype=np.int32),
        splits=np.array(splits or [0] * len(labels), dtype=np.uint8),
    )


def test_pictures_that_use_little_of_their_range_are_counted(tree: Tree, cache: Path, examined: list[int]) -> None:
    root = tree("cat/1.png", "dog/1.png")
    assert check_pictures(load_folders(root), cache_folder=cache).notes == ()
    ramp = np.linspace(0, 4095, 100).reshape(10, 10)
    Image.fromarray(ramp.astype(np.uint16)).save(root / "cat/dark.png")
    Image.fromarray((ramp + 20000).astype(np.uint16)).save(root / "dog/grey.png")
    Image.fromarray((ramp * 1.1).astype(np.uint16)).save(root / "dog/more.png")
    examined.clear()
    for opened in (3, 3):  # what is found again says so again
        dataset = check_pictures(load_folders(root), cache_folder=cache)
        assert len(examined) == opened
        assert dataset.facts is not None
        assert dataset.facts.spans is not None
        assert dataset.facts.spans[[1, 3, 4]].tolist() == [16, 16, 18]
        assert dataset.notes == (
            "2 of 5 pictures use a sixteenth of their range or less, and are nearly of one tone, such as cat/dark.png; "
            "if they are dark because they have 10 or 12 bits in files of 16, scale their values to the whole range",
        )


def test_missing_memory_is_a_reason_that_is_not_remembered(
    tree: Tree, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree("cat/1.png", "cat/2.png", "dog/1.png")

    def none_left(*_: object, **__: object) -> None:
        raise MemoryError

    read = Path.read_bytes
    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_bytes", lambda path: none_left() if path.name == "2.png" else read(path))
        problems = check_pictures(load_folders(root), cache_folder=cache).problems
    assert problems == (Problem("cat/2.png", "there is not enough memory to decode it"),)
    with monkeypatch.context() as patched:
        patched.setattr(Image.Image, "convert", none_left)
        patched.setattr("PIL.ImageFile.ImageFile.load_prepare", none_left)
        (problem,) = check_pictures(load_folders(root), cache_folder=cache).problems
    assert problem == problems[0]
    assert check_pictures(load_folders(root), cache_folder=cache).problems == ()


def test_facts(tree: Tree, cache: Path) -> None:
    root = tree("cat/1.png", "dog/1.png")
    Image.new("L", (7, 3)).save(root / "cat/2.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new("RGB", (9, 4)).save(root / "dog/2.jpg", exif=exif)
    dataset = check_pictures(load_folders(root), cache_folder=cache)
    assert dataset.facts is not None
    assert dataset.facts.widths.tolist() == [5, 7, 5, 4]
    assert dataset.facts.heights.tolist() == [6, 3, 6, 9]
    assert dataset.facts.colour.tolist() == [True, False, True, True]
    for index in range(4):
        assert dataset.facts.digests[index].tobytes() == picture_digest(dataset.pictures.read(index))
    assert dataset.problems == ()


def test_broken_pictures_are_set_aside_with_reasons(tree: Tree, cache: Path) -> None:
    root = tree("cat/1.png", "cat/2.jpg", "dog/1.png", "dog/3.png")
    whole = (root / "cat/2.jpg").read_bytes()
    (root / "cat/2.jpg").write_bytes(whole[:-40])
    (root / "cat/empty.jpg").write_bytes(b"")
    (root / "dog/2.jpg").write_text("text called .jpg")
    before = load_folders(root)
    dataset = check_pictures(before, cache_folder=cache)
    assert [dataset.pictures.key(index) for index in range(len(dataset))] == ["cat/1.png", "dog/1.png", "dog/3.png"]
    assert dataset.labels.tolist() == [0, 1, 1]
    assert [problem.key for problem in dataset.problems] == ["cat/2.jpg", "cat/empty.jpg", "dog/2.jpg"]
    assert all(problem.reason for problem in dataset.problems)
    assert dataset.problems[1].reason == "the file is empty"
    assert dataset.facts is not None
    assert len(dataset.facts.digests) == 3
    assert len(before) == 6  # the one before is as it was


def test_pictures_above_the_limit(tree: Tree, cache: Path) -> None:
    root = tree("cat/1.png", "cat/2.png", "dog/1.png")
    Image.new("RGB", (10, 10)).save(root / "cat/2.png")
    dataset = load_folders(root)
    assert [problem.key for problem in check_pictures(dataset, max_pixels=99, cache_folder=cache).problems] == [
        "cat/2.png"
    ]
    # Another limit is another question: the cache does not answer it.
    assert check_pictures(dataset, max_pixels=100, cache_folder=cache).problems == ()


def test_a_huge_file_is_refused_unread(tree: Tree, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree("cat/1.png", "cat/2.png", "dog/1.png")
    with (root / "cat/2.png").open("wb") as file:
        file.truncate(4 << 30)  # takes no room on the disk
    dataset = check_pictures(load_folders(root), cache_folder=cache)
    assert [problem.key for problem in dataset.problems] == ["cat/2.png"]
    assert "4,294,967,296 bytes" in dataset.problems[0].reason


def test_a_file_that_vanished_is_not_remembered_as_broken(tree: Tree, cache: Path) -> None:
    root = tree("cat/1.png", "cat/2.png", "dog/1.png")
    dataset = load_folders(root)
    (root / "cat/2.png").rename(root / "away")
    checked = check_pictures(dataset, cache_folder=cache)
    assert checked.problems == (Problem("cat/2.png", "the file cannot be read (No such file or directory)"),)
    (root / "away").rename(root / "cat/2.png")
    assert check_pictures(dataset, cache_folder=cache).problems == ()


def test_the_second_check_opens_only_what_is_new(tree: Tree, cache: Path, examined: list[int]) -> None:
    root = tree("cat/1.png", "cat/2.png", "dog/1.png", "dog/2.png")
    (root / "cat/broken.png").write_bytes(b"broken")
    first = check_pictures(load_folders(root), cache_folder=cache)
    assert sorted(examined) == [0, 1, 2, 3, 4]
    examined.clear()
    calls: list[tuple[str, int, int]] = []
    again = check_pictures(load_folders(root), cache_folder=cache, progress=lambda *call: calls.append(call))
    assert examined == []
    assert calls == []
    assert again.problems == first.problems
    assert again.fingerprint == first.fingerprint
    for name in ("digests", "widths", "heights", "colour"):
        assert np.array_equal(getattr(again.checked_facts, name), getattr(first.checked_facts, name))

    Image.new("RGB", (3, 3)).save(root / "cat/3.png")  # new
    state = (root / "dog/1.png").stat()
    os.utime(root / "dog/1.png", ns=(state.st_atime_ns, state.st_mtime_ns + 1))  # changed, as far as one can tell
    (root / "cat/1.png").unlink()
    check_pictures(load_folders(root), cache_folder=cache)
    assert sorted(examined) == [1, 3]


def test_new_contents_of_the_same_size_and_time_are_noticed(tree: Tree, cache: Path) -> None:
    root = tree("cat/1.png", "dog/1.png")
    picture = root / "cat/1.png"
    Image.new("RGB", (4, 4), "red").save(picture.with_suffix(".bmp"))
    first = check_pictures(load_folders(root), cache_folder=cache)
    state = picture.with_suffix(".bmp").stat()
    Image.new("RGB", (4, 4), "blue").save(picture.with_suffix(".bmp"))
    os.utime(picture.with_suffix(".bmp"), ns=(state.st_atime_ns, state.st_mtime_ns))
    assert picture.with_suffix(".bmp").stat().st_size == state.st_size
    assert check_pictures(load_folders(root), cache_folder=cache).fingerprint != first.fingerprint


def test_no_file_appears_beside_the_data(tree: Tree, cache: Path) -> None:
    root = tree("cat/1.png", "dog/1.png")
    before = sorted(root.rglob("*"))
    check_pictures(load_folders(root), cache_folder=cache)
    assert sorted(root.rglob("*")) == before
    assert [path.suffix for path in cache.iterdir()] == [".npz"]


def test_the_default_cache_is_the_users(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("striate.user_cache.platformdirs.user_cache_path", lambda name: tmp_path / name)
    check_pictures(load_folders(tree("cat/1.png", "dog/1.png")))
    assert len(list((tmp_path / "striate/checks").iterdir())) == 1


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_cache_is_rebuilt(tree: Tree, cache: Path, examined: list[int], damage: bytes | None) -> None:
    dataset = load_folders(tree("cat/1.png", "dog/1.png"))
    expected = check_pictures(dataset, cache_folder=cache).fingerprint
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if damage is None else damage)
    examined.clear()
    assert check_pictures(dataset, cache_folder=cache).fingerprint == expected
    assert sorted(examined) == [0, 1]
    assert path.stat().st_size == len(whole)


def test_a_cache_that_cannot_be_written_is_done_without(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    dataset = check_pictures(load_folders(tree("cat/1.png", "dog/1.png")), cache_folder=tmp_path / "file" / "cache")
    assert len(dataset) == 2


def test_progress(tree: Tree, cache: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    dataset = load_folders(tree("cat/1.png", "cat/2.png", "dog/1.png"))
    check_pictures(dataset, cache_folder=cache, progress=lambda *call: calls.append(call))
    assert calls[0] == ("checking pictures", 0, 3)
    assert calls[-1] == ("checking pictures", 3, 3)


def test_an_interrupt_keeps_what_was_found(
    tree: Tree, cache: Path, examined: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("striate.data.parallel.SECONDS_BETWEEN_REPORTS", 0.0)
    dataset = load_folders(tree(*(f"{name}/{number}.png" for name in ("cat", "dog") for number in range(100))))

    def interrupt(task: str, done: int, total: int) -> None:
        if done == 70:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_pictures(dataset, cache_folder=cache, workers=1, progress=interrupt)
    examined.clear()
    assert len(check_pictures(dataset, cache_folder=cache)) == 200
    assert len(examined) == 130


def test_rows_of_arrays_need_no_cache(cache: Path) -> None:
    dataset = check_pictures(arrays([1, 2, 3], [0, 1, 1]), cache_folder=cache)
    assert dataset.checked_facts.widths.tolist() == [1, 1, 1]
    assert not dataset.checked_facts.colour.any()
    assert dataset.checked_facts.digests[1].tobytes() == picture_digest(np.array([[2]], dtype=np.uint8))
    assert not cache.exists()


def test_copies_with_one_label_stay() -> None:
    assert len(check_pictures(arrays([1, 1, 1, 2], [0, 0, 0, 1]))) == 4


def test_copies_with_different_labels_are_set_aside() -> None:
    dataset = check_pictures(arrays([7, 1, 7, 2, 7, 3, 7], [1, 0, 0, 1, 2, 2, 1]))
    assert [dataset.pictures.key(index) for index in range(len(dataset))] == ["x/1", "x/3", "x/5"]
    copy_of_cat = "but its exact copy x/2 is labelled 'cat'"
    assert dataset.problems == (
        Problem("x/0", f"it is labelled 'dog', {copy_of_cat}"),
        Problem("x/2", "it is labelled 'cat', but its exact copy x/4 is labelled 'eel'"),
        Problem("x/4", f"it is labelled 'eel', {copy_of_cat}"),
        Problem("x/6", f"it is labelled 'dog', {copy_of_cat}"),
    )


def test_a_class_without_a_usable_picture(tree: Tree, cache: Path) -> None:
    root = tree("cat/1.png", "dog/1.png")
    (root / "dog/1.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        check_pictures(load_folders(root), cache_folder=cache)
    assert str(caught.value) == (
        "no picture of the class 'dog' can be used for training: 1 of 1 set aside, "
        "such as dog/1.png (the file is empty); replace them, or remove the class"
    )


def test_a_class_may_lose_its_pictures_in_test(tree: Tree, cache: Path) -> None:
    root = tree("train/cat/1.png", "train/dog/1.png", "test/cat/2.png", "test/dog/2.png")
    (root / "test/dog/2.png").write_bytes(b"")
    dataset = check_pictures(load_folders(root), cache_folder=cache)
    assert dataset.classes == ("cat", "dog")
    assert dataset.splits.tolist() == [1, 1, 3]


def test_no_usable_picture_at_all(tree: Tree, cache: Path) -> None:
    root = tree("test/cat/1.png", "test/dog/1.png")
    for name in ("cat", "dog"):
        (root / "test" / name / "1.png").write_bytes(b"")
    with pytest.raises(DataError) as caught:
        check_pictures(load_folders(root), cache_folder=cache)
    assert str(caught.value) == (
        f"none of the 2 pictures of {root} can be used, such as test/cat/1.png: the file is empty"
    )


def test_order_of_threads_does_not_matter(tree: Tree, tmp_path: Path) -> None:
    root = tree(*(f"{name}/{number}.png" for name in ("cat", "dog") for number in range(40)))
    (root / "cat/7.png").write_bytes(b"")
    results = [
        check_pictures(load_folders(root), workers=workers, cache_folder=tmp_path / str(workers)) for workers in (1, 4)
    ]
    assert results[0].problems == results[1].problems
    assert np.array_equal(results[0].checked_facts.digests, results[1].checked_facts.digests)
