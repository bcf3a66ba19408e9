"""What verbs do with data before anything is made of it."""

import unicodedata
from dataclasses import replace

import numpy as np
import pytest

from striate.data import FilePictures, Names, check_pictures, load_data, read_split_csv, write_split_csv
from striate.data.preparation import listed_pictures
from striate.errors import DataError


def test_a_runs_pictures_are_known_in_either_unicode_form(drawn, tmp_path):
    composed = unicodedata.normalize("NFC", "고양이")
    dataset = check_pictures(load_data(drawn(tmp_path / "data", (composed, "개"), 2)))
    write_split_csv(dataset, tmp_path / "split.csv")
    table = read_split_csv(tmp_path / "split.csv")
    moved = replace(
        dataset,
        pictures=FilePictures(
            tmp_path, Names.from_strings(unicodedata.normalize("NFD", name) for name in dataset.pictures.names)
        ),
    )
    again = listed_pictures(moved, table, classes=dataset.classes)
    assert [again.pictures.key(row) for row in range(4)] == [
        unicodedata.normalize("NFD", f"{name}/00{number}.png") for name in ("개", composed) for number in range(2)
    ]
    assert again.labels.tolist() == [0, 0, 1, 1]
    with pytest.raises(DataError, match=f"1 pictures of the run are no longer in .*, such as {composed}/001.png; put"):
        listed_pictures(dataset.select(np.arange(3)), table, classes=dataset.classes)
