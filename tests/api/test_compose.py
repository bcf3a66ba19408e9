"""`striate compose`: what is written, that splits share no digit, and what is refused."""

import csv
import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

import striate
from striate.api import compose as room
from striate.cli.app import build_app
from striate.errors import UnknownNameError, UsageError
from striate.pixels import decode


@pytest.fixture(scope="module")
def composed(tmp_path_factory):
    return striate.compose(
        "digits", tmp_path_factory.mktemp("composed") / "strings", strings=60, lengths=(2, 5), seed=3
    )


def rows_of(folder):
    with (folder / "strings.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digest(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path.relative_to(folder)), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files]


def test_the_table_and_its_pictures(composed):
    rows = rows_of(composed.folder)
    assert [row["split"] for row in rows] == ["train"] * 48 + ["val"] * 6 + ["test"] * 6
    assert composed.strings == {"train": 48, "val": 6, "test": 6}
    assert {len(row["text"]) for row in rows} == {2, 3, 4, 5}
    assert set("".join(row["text"] for row in rows)) == set("0123456789")
    assert len(list(composed.folder.rglob("*.png"))) == 60
    for row in rows:
        picture = decode(composed.folder / row["path"], channels=1)
        assert picture.shape == (32, 88, 1) == (*composed.size, 1)
        assert picture.max() > 150
    assert list(composed.folder.parent.iterdir()) == [composed.folder]


def test_the_first_are_those_that_the_result_shows(composed):
    texts = {row["path"]: row["text"] for row in rows_of(composed.folder)}
    assert len(composed.first) == 8 + 6 + 6
    for path, text, pixels in composed.first:
        assert texts[path] == text
        np.testing.assert_array_equal(decode(composed.folder / path, channels=1)[..., 0], pixels)


def test_the_same_arguments_make_the_same_files(composed, tmp_path):
    again = striate.compose("digits", tmp_path / "again", strings=60, lengths=(2, 5), seed=3)
    assert digest(again.folder) == digest(composed.folder)
    more = striate.compose("digits", tmp_path / "more", strings=80, lengths=(2, 5), seed=3)
    assert dict(digest(more.folder)).items() >= {pair for pair in digest(composed.folder) if pair[0].endswith("png")}
    other = striate.compose("digits", tmp_path / "other", strings=60, lengths=(2, 5), seed=4)
    assert digest(other.folder) != digest(composed.folder)


@pytest.mark.parametrize("given", [False, True])
def test_no_digit_is_in_two_splits(given):
    data = striate.load_data("digits")
    if given:  # with copies of training pictures in test
        splits = np.where(np.arange(len(data)) % 4 == 0, 3, 1).astype(np.uint8)
        order = np.concatenate([np.arange(len(data)), np.arange(1, 9)])
        data = replace(
            data,
            pictures=data.pictures.select(order.astype(np.int64)),
            labels=data.labels[order],
            splits=np.concatenate([splits, np.full(8, 3, np.uint8)]),
        )
    pools = room._pools(data, seed=0)
    pictures = {split: {data.pictures.read(int(row)).tobytes() for row in rows} for split, rows in pools.items()}
    assert not pictures["train"] & pictures["val"]
    assert not (pictures["train"] | pictures["val"]) & pictures["test"]
    assert all(len(pictures[split]) == len(rows) > 100 for split, rows in pools.items())
    if given:
        assert set(data.splits[pools["test"]]) == {3} and set(data.splits[pools["train"]]) == {1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lengths": (0, 4)}, "lengths must be 1 to 32 digits, the fewest first, such as 1-8; got 0-4"),
        ({"lengths": (5, 4)}, "lengths must be 1 to 32 digits, the fewest first, such as 1-8; got 5-4"),
        ({"lengths": (1, 33)}, "lengths must be 1 to 32 digits, the fewest first, such as 1-8; got 1-33"),
        ({"strings": 9}, "strings must be 10 to 1,000,000 in all, got 9"),
        ({"seed": -1}, "the seed must be 0 or more, got -1"),
    ],
)
def test_numbers_that_make_no_sense(tmp_path, change, said):
    with pytest.raises(UsageError) as error:
        striate.compose("digits", tmp_path / "strings", **change)
    assert str(error.value) == said
    assert not list(tmp_path.iterdir())


def test_what_is_there_stays(tmp_path):
    place = tmp_path / "there"
    place.mkdir()
    with pytest.raises(UsageError, match=r"there exists already; nothing was changed; name another folder"):
        striate.compose("digits", place)
    with pytest.raises(UsageError, match=r"cannot write .*: there is no folder .*nowhere"):
        striate.compose("digits", tmp_path / "nowhere" / "strings")
    assert not list(place.iterdir())


def test_an_unknown_source_is_named_with_the_closest(tmp_path):
    with pytest.raises(UnknownNameError, match="unknown source of digits 'digit'; did you mean 'digits'"):
        striate.compose("digit", tmp_path / "strings")


def test_nothing_is_left_of_what_was_interrupted(tmp_path):
    class Impatient(striate.Watcher):
        def task(self, name, done, total):
            if done == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        striate.compose("digits", tmp_path / "strings", strings=20, watcher=Impatient())
    assert not list(tmp_path.iterdir())


def test_the_command(tmp_path):
    asked = ["compose", "digits", "-o", str(tmp_path / "strings"), "--strings", "10", "--length", "5", "--json"]
    answer = CliRunner().invoke(build_app(["compose"]), [*asked, "--sheet", str(tmp_path / "sheet.png")])
    assert answer.exit_code == 0
    told = json.loads(answer.stdout)
    assert told["strings"] == {"train": 8, "val": 1, "test": 1}
    assert (told["lengths"], told["size"]) == ([5, 5], [32, 88])
    assert decode(tmp_path / "sheet.png", channels=3).shape[1] > 400
    wrong = CliRunner().invoke(build_app(["compose"]), [*asked[:5], "--length", "one", "-o", str(tmp_path / "other")])
    assert wrong.exit_code == 2
