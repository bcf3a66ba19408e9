"""What is prepared while it is checked is what preparing it afterwards makes, byte for byte, and is found without decoding anything."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from striate.data import preparing_ahead as room
from striate.data import store as store_module
from striate.data.checking import check_pictures
from striate.data.dataset import Dataset
from striate.data.facts import PixelSample, glance
from striate.data.folders import load_folders
from striate.data.preparing_ahead import PreparingAhead
from striate.data.splitting import assign_splits
from striate.data.store import SPOT_CHECKS, kept_store, open_store
from striate.pixels import Preprocessing

Tree = Callable[..., Path]
PLACES = tuple(f"{name}/{number}.{kind}" for name in ("cat", "dog") for number in range(6) for kind in ("png", "jpg"))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "pixels"


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that were prepared after the check."""
    rows: list[int] = []
    original = store_module._prepared

    def count(dataset: Dataset, rule: Preprocessing, index: int) -> object:
        rows.append(index)
        return original(dataset, rule, index)

    monkeypatch.setattr(store_module, "_prepared", count)
    return rows


def checked(root: Path, tmp_path: Path, ahead: PreparingAhead | None) -> Dataset:
    return check_pictures(load_folders(root), cache_folder=tmp_path / "checks", ahead=ahead)


def same_as_anew(dataset: Dataset, rule: Preprocessing, kept: Path, tmp_path: Path) -> bool:
    """Whether what is kept is what is prepared without it."""
    rows = np.arange(len(dataset))
    anew = open_store(dataset, rule, cache_folder=tmp_path / "anew").gather(rows)
    return np.array_equal(open_store(dataset, rule, cache_folder=kept).gather(rows), anew)


def test_a_picture_is_decoded_once_and_has_the_same_bytes(
    tree: Tree, rgb: Preprocessing, kept: Path, tmp_path: Path, decoded: list[int]
) -> None:
    root = tree(*PLACES)
    Image.open(root / "cat/0.png").convert("L").save(root / "cat/0.png")  # a grey one among colours
    Image.fromarray(np.full((4, 4, 4), 99, np.uint8), "RGBA").save(root / "cat/1.png")
    dataset = checked(root, tmp_path, PreparingAhead(rgb, kept))
    other = replace(rgb, mean=(0.1, 0.2, 0.3), std=(0.9, 0.9, 0.9), channel_order="bgr")  # which changes no pixel
    store = open_store(assign_splits(dataset, seed=0), other, cache_folder=kept)
    assert (store.kind, store.shape) == ("mapped", (24, 8, 8, 3))
    assert len(decoded) == SPOT_CHECKS
    assert same_as_anew(dataset, rgb, kept, tmp_path)
    assert [path.name for path in kept.iterdir()] == [store_module.store_name(dataset, rgb) + ".array.npy"]


def test_pictures_that_are_set_aside_are_not_in_it(
    tree: Tree, rgb: Preprocessing, kept: Path, tmp_path: Path, decoded: list[int]
) -> None:
    root = tree(*PLACES)
    (root / "cat/0.png").write_bytes((root / "cat/0.png").read_bytes()[:60])  # cut off
    shutil.copy(root / "cat/1.png", root / "dog/1.png")  # one of the two labels is wrong
    dataset = checked(root, tmp_path, PreparingAhead(rgb, kept))
    assert len(dataset.problems) == 3
    store = open_store(dataset, rgb, cache_folder=kept)
    assert store.shape[0] == 21 and len(decoded) == SPOT_CHECKS
    assert same_as_anew(dataset, rgb, kept, tmp_path)
    assert len(list(kept.iterdir())) == 1


def test_a_picture_that_cannot_be_prepared_is_said_where_it_is_wanted(
    tree: Tree, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree("cat/1.png", "dog/1.png")
    monkeypatch.setattr("striate.pixels.preprocessing.DEFAULT_MAX_PIXELS", 100)
    Image.new("RGB", (90, 1)).save(root / "cat/2.png")
    rule = Preprocessing(
        colour="rgb", resize="shorter_side", resize_size=(8, 8), crop=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3
    )
    dataset = checked(root, tmp_path, PreparingAhead(rule, kept))
    assert len(dataset) == 3 and list(kept.iterdir()) == []
    with pytest.raises(Exception, match=r"cat/2\.png in .* cannot be prepared: the picture is too long and thin"):
        open_store(dataset, rule, cache_folder=kept)


def test_without_room_pictures_are_checked_all_the_same(
    tree: Tree, rgb: Preprocessing, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree(*PLACES)
    assert len(checked(root, tmp_path, PreparingAhead(rgb, kept, budget=100))) == 24
    assert not kept.exists()

    def full(path: Path, rows: Iterable[Any], *_: object) -> None:
        next(iter(rows))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(room, "write_array", full)
    dataset = check_pictures(load_folders(root), cache_folder=tmp_path / "other", ahead=PreparingAhead(rgb, kept))
    assert len(dataset) == 24 and not dataset.problems
    assert kept_store(dataset, rgb, cache_folder=kept) is None


def test_what_is_known_already_is_not_prepared_for_a_guess(
    tree: Tree, rgb: Preprocessing, kept: Path, tmp_path: Path
) -> None:
    root = tree(*PLACES)
    checked(root, tmp_path, None)
    checked(root, tmp_path, PreparingAhead(rgb, kept))
    assert not kept.exists()


def test_a_sample_of_pixels_is_read_from_what_is_kept(
    tree: Tree, rgb: Preprocessing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    dataset = assign_splits(check_pictures(load_folders(tree(*PLACES))), seed=0)
    plain = PixelSample(dataset).pixels(rgb)
    open_store(dataset, rgb)
    monkeypatch.setattr(Preprocessing, "pixels", lambda *_, **__: pytest.fail("decoded"))
    monkeypatch.setattr(store_module, "_is_as_prepared", lambda *_: True)
    assert np.array_equal(PixelSample(dataset).pixels(rgb), plain)


def test_headers_let_expect_what_pictures_are(tree: Tree) -> None:
    root = tree(*PLACES)
    facts = glance(load_folders(root))
    assert facts is not None and (facts.training_pictures, facts.classes, facts.short_side, facts.colour) == (
        24,
        2,
        5,
        True,
    )
    for path in root.rglob("*.*"):
        path.write_bytes(b"")
    assert glance(load_folders(root)) is None
