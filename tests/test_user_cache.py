"""What Striate knows as its own in the user's cache folder, and what it forgets of it."""

import os

import pytest

from striate.user_cache import KINDS, cached_files, forget_oldest, kind_folder

OURS = {
    "pixels": "a" * 64 + ".array.npy",
    "frozen": "b" * 64 + ".array.npy",
    "checks": "c" * 32 + ".npz",
    "compiled": "d" * 24 + "-2026.4.1-fp32/1234567890.blob",
    "weights": "resnet18-f37072fd.pth",
    "datasets": "MNIST/raw/t10k-labels-idx1-ubyte.gz",
    "catalogue": "e" * 64 + ".json",
    "features": "a" * 64 + ".npz",
    "rates": "f" * 64 + ".json",
}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "striate"


def put(path, content=b"12345", age=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (1_000_000 - age, 1_000_000 - age))
    return path


def test_every_kind_knows_its_own_files_and_no_others(cache):
    assert list(OURS) == list(KINDS)
    for kind, name in OURS.items():
        own = put(cache / kind / name)
        put(cache / kind / "holiday.jpg")
        put(cache / kind / "deep" / "er" / name.rpartition("/")[2])
        assert [file.path for file in cached_files(kind)] == [own], kind
        file = next(cached_files(kind))
        assert (file.size, file.used, file.partial) == (5, 1_000_000, False)


def test_unfinished_files_are_known_by_their_ending(cache):
    put(cache / "weights" / ".resnet18-f37072fd.pth.12.partial")
    assert [file.partial for file in cached_files("weights")] == [True]


def test_links_are_neither_answered_nor_followed(cache, tmp_path):
    elsewhere = put(tmp_path / "elsewhere" / OURS["frozen"])
    (cache / "frozen").mkdir(parents=True)
    (cache / "frozen" / OURS["frozen"]).symlink_to(elsewhere)
    (cache / "pixels").symlink_to(elsewhere.parent)
    (cache / "compiled").mkdir()
    (cache / "compiled" / ("d" * 24 + "-1-fp32")).symlink_to(elsewhere.parent)
    put(elsewhere.parent / "1.blob")
    assert [list(cached_files(kind)) for kind in ("frozen", "pixels", "compiled")] == [[], [], []]


def test_the_oldest_files_are_forgotten_and_others_left(cache):
    for age, letter in enumerate("abcd"):
        put(cache / "checks" / f"{letter * 32}.npz", age=age)
    put(cache / "checks" / "mine.npz", age=99)
    forget_oldest("checks", most=2)
    assert sorted(path.name[0] for path in (cache / "checks").iterdir()) == ["a", "b", "m"]
    forget_oldest("frozen", most=2)  # nothing is there


def test_what_the_program_writes_is_known_as_its_own(cache, striped):
    """The names in the table are those that the rooms give."""
    from striate.data import check_pictures, load_data, open_store
    from striate.pixels import Preprocessing

    grey = Preprocessing(colour="grey", resize="exact", resize_size=(8, 8), mean=(0.5,), std=(0.5,))
    open_store(check_pictures(load_data(striped)), grey)
    for kind in ("checks", "pixels"):
        assert len(list(cached_files(kind))) == len(list(kind_folder(kind).iterdir())) == 1
