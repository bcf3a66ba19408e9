from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from striate.data import split_table
from striate.data.dataset import Dataset
from striate.data.names import Names
from striate.data.pictures import FilePictures
from striate.data.split_table import apply_split_table, read_split_csv, write_split_csv
from striate.errors import DataError, UsageError

Made = Callable[..., Dataset]
LINE = "cat/1.png,cat,train," + "ab" * 32


def test_the_file(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    dataset = made((1, 0, 1), (2, 1, 3))
    write_split_csv(dataset, path)
    digests = [row.tobytes().hex() for row in dataset.checked_facts.digests]
    assert path.read_bytes().decode() == (
        f"path,label,split,sha256\nmade/0,class0,train,{digests[0]}\nmade/1,class1,test,{digests[1]}\n"
    )
    assert [item.name for item in tmp_path.iterdir()] == ["split.csv"]


def test_groups_have_a_column(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    write_split_csv(made((1, 0, 1, 1), (2, 1, 2), (3, 1, 0, 0)), path)
    lines = path.read_text().splitlines()
    assert lines[0] == "path,label,split,sha256,group"
    assert [line.split(",")[2::2] for line in lines[1:]] == [["train", "group1"], ["val", ""], ["", "group0"]]
    table = read_split_csv(path)
    assert table.groups is not None
    assert list(table.groups) == ["group1", "", "group0"]
    assert table.splits.tolist() == [1, 2, 0]


# As file names are: any bytes but zero.
names = st.lists(
    st.binary(min_size=1, max_size=8).map(lambda name: name.replace(b"\0", b"\r").decode("utf-8", "surrogateescape")),
    min_size=2,
    max_size=5,
    unique=True,
)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names, names)
def test_reads_back_what_was_written(made: Made, tmp_path: Path, keys: list[str], labels: list[str]) -> None:
    path = tmp_path / "split.csv"
    count, classes = len(keys), tuple(sorted(labels))
    dataset = made(*((number, number % len(classes), 1 + number % 3) for number in range(count)), classes=len(classes))
    dataset = replace(
        dataset, pictures=FilePictures(tmp_path, Names.from_strings(keys)), classes=classes[: len(dataset.classes)]
    )
    write_split_csv(dataset, path)
    table = read_split_csv(path)
    assert list(table.keys) == keys
    assert [table.classes[label] for label in table.labels] == [dataset.classes[label] for label in dataset.labels]
    assert np.array_equal(table.splits, dataset.splits)
    assert np.array_equal(table.digests, dataset.checked_facts.digests)
    assert table.groups is None


def test_unchecked_data(made: Made, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="call check_pictures first"):
        write_split_csv(replace(made((1, 0), (2, 1)), facts=None), tmp_path / "split.csv")


def test_a_failed_write_leaves_the_old_file(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "split.csv"
    path.write_text("old")

    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(split_table, "_row", fail)
    with pytest.raises(DataError) as caught:
        write_split_csv(made((1, 0), (2, 1)), path)
    assert str(caught.value) == f"cannot write {path}: No space left on device"
    assert path.read_text() == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["split.csv"]


def test_no_such_folder(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "none/split.csv"
    with pytest.raises(DataError) as caught:
        write_split_csv(made((1, 0), (2, 1)), path)
    assert str(caught.value) == f"cannot write {path}: No such file or directory"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{path} is no table of splits: its first line should be path,label|labels|text,split,sha256[,group]"),
        (
            "path,label\n",
            "{path} is no table of splits: its first line should be path,label|labels|text,split,sha256[,group]",
        ),
        (f"path,label,split,sha256\n{LINE},x\n", "{path}, line 2: 5 values instead of 4"),
        (
            f"path,label,split,sha256\n{LINE}\n{LINE.replace('train', 'dev')}\n",
            "{path}, line 3: unknown split 'dev'; known: train, val, test",
        ),
        (
            f"path,label,split,sha256\n{LINE[:-1]}\n",
            "{path}, line 2: '" + ("ab" * 32)[:-1] + "' is no SHA-256 in 64 lower-case hexadecimal digits",
        ),
        ('path,label,split,sha256\n"a,b,c\n', "{path}, line 2: not CSV (unexpected end of data)"),
    ],
)
def test_what_is_no_table(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "split.csv"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read_split_csv(path)
    assert str(caught.value) == message.format(path=path)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_split_csv(tmp_path / "split.csv")
    assert str(caught.value) == f"cannot read {tmp_path / 'split.csv'}: No such file or directory"


def test_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text("path,label,split,sha256\n")
    table = read_split_csv(tmp_path / "split.csv")
    assert len(table) == 0
    assert table.digests.shape == (0, 32)


def test_splits_are_applied_by_content(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    write_split_csv(made((1, 0, 1), (2, 1, 2), (3, 1, 3), (4, 1, 1)), path)
    now = apply_split_table(made((4, 1), (9, 0), (2, 1), (1, 0)), read_split_csv(path))
    assert now.splits.tolist() == [1, 0, 2, 1]


def test_copies_in_several_splits_are_told_by_path(made: Made, tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    given_splits = made((1, 0, 3), (1, 0, 2), (2, 1, 1), (2, 1, 3), (3, 0, 1))
    write_split_csv(given_splits, path)
    table = read_split_csv(path)
    assert apply_split_table(given_splits, table).splits.tolist() == [3, 2, 1, 3, 1]
    # Row 4 of the next has another path than both copies: the first of train, val, test.
    assert apply_split_table(made((1, 0), (1, 0), (2, 1), (2, 1), (1, 0)), table).splits.tolist() == [3, 2, 1, 3, 2]


def test_an_empty_table_assigns_nothing(made: Made, tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text("path,label,split,sha256\n")
    table = read_split_csv(tmp_path / "split.csv")
    assert not apply_split_table(made((1, 0, 1), (2, 1, 1)), table).has_splits
