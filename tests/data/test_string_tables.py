"""Tables of what pictures say: told from those of sentences and classes, and read."""

import numpy as np
import pytest
from PIL import Image

from striate.data import assign_splits, check_pictures, load_data, read_split_csv, write_split_csv
from striate.data.loading import kind_of, says_strings
from striate.errors import DataError
from striate.tasks import SEQUENCE


@pytest.fixture
def folder(tmp_path):
    """A folder with some lines, and what writes its table."""
    for place in range(6):
        pixels = np.random.default_rng(place).integers(0, 255, (16, 40), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{place}.png")
    return tmp_path


def write(folder, *lines, name="strings.csv"):
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / name


def strings_of(dataset):
    return [dataset.task.tell(target, dataset.classes) for target in dataset.labels]


def test_a_table_of_paths_and_texts_tells_strings(folder):
    table = write(folder, "path,text,split", "0.png,e\u0301 1,train", "1.png,,train", '2.png," 1  2 ",test')
    dataset = load_data(table)
    assert (dataset.task, dataset.kind, says_strings(table), kind_of(table)) == (SEQUENCE, "picture", True, "picture")
    assert dataset.classes == (" ", "1", "\u00e9")
    assert sorted(strings_of(dataset)) == ["", "1 \ufffd", "\u00e9 1"]
    assert dataset.notes == (
        "'test' has pictures with the sign '2', which no picture in 'train' has, so that nothing can be learnt of it: where it stands "
        "nothing can be read right, and the string counts as wrong",
        "1 of 3 pictures have an empty text, such as 1.png: they are learnt as lines that say nothing; leave them out where the text "
        "is merely not known",
    )


def test_a_folder_with_one_is_meant_by_it(folder):
    write(folder, "path,text", "0.png,12", "1.png,3")
    dataset = load_data(folder)
    assert says_strings(folder) and strings_of(dataset) == ["12", "3"]
    assert dataset.name == folder.name and dataset.notes == ("what the pictures say stands in strings.csv",)
    write(folder, "path,text", "0.png,12", name="other.csv")
    with pytest.raises(DataError, match=r"several tables of what pictures say: other.csv, strings.csv; name the one"):
        load_data(folder)


@pytest.mark.parametrize("header", ["text,label", "path,label", "path,labels", "path,label,text"])
def test_other_tables_tell_none(folder, header):
    assert not says_strings(write(folder, header, "0.png,1" + ",2" * (header.count(",") - 1)))


def test_a_column_label_may_hold_strings(folder):
    table = write(folder, "path,label", "0.png,12", "1.png,21")
    assert load_data(table).classes == ("12", "21")
    assert strings_of(load_data(table, task="sequence")) == ["12", "21"]
    both = write(folder, "path,label,text", "0.png,12,ab", "1.png,21,b", name="both.csv")
    with pytest.raises(DataError, match=r"names both 'label' and 'text'; keep one, or say by --task what is asked"):
        load_data(both)
    assert load_data(both, task="single_label").classes == ("12", "21")
    assert strings_of(load_data(both, task="sequence")) == ["ab", "b"]


@pytest.mark.parametrize(
    ("header", "task", "said"),
    [
        (
            "path,text",
            "single_label",
            "has the column 'text', a string a picture, and one label a picture was asked for",
        ),
        (
            "path,text",
            "multi_label",
            "has the column 'text', a string a picture, and several labels a picture was asked for",
        ),
        (
            "path,labels",
            "sequence",
            "has the column 'labels', several labels a picture, and a string a picture was asked for",
        ),
        ("path,cat", "sequence", "the header has no column 'text'"),
    ],
)
def test_what_a_table_cannot_be_asked(folder, header, task, said):
    with pytest.raises(DataError, match=said):
        load_data(write(folder, header, "0.png,1", "1.png,1"), task=task)


def test_classes_are_no_strings():
    with pytest.raises(DataError) as error:
        load_data("digits", task="sequence")
    assert str(error.value) == (
        "digits tells a class of each of its pictures, and strings are asked for; what pictures say stands in a table with the columns "
        "path and text"
    )


def test_an_alphabet_without_a_sign_teaches_nothing(folder):
    with pytest.raises(DataError, match=r"no picture in .* has a sign; there is nothing to learn"):
        load_data(write(folder, "path,text", "0.png,", "1.png, "))


def test_splits_keep_every_sign_in_training_and_are_written_and_read(folder):
    table = write(
        folder, "path,text", *(f"{place}.png,{text}" for place, text in enumerate(["=1", "1", "2", "1 2", "", "8"]))
    )
    dataset = assign_splits(check_pictures(load_data(table)), seed=0)
    counts = dataset.counts()
    assert all(counts[sign].get("train") for sign in dataset.classes)
    written = folder.parent / f"{folder.name}-splits.csv"
    write_split_csv(dataset, written)
    found = read_split_csv(written)
    assert found.task is SEQUENCE and found.classes == dataset.classes
    assert [SEQUENCE.tell(one, found.classes) for one in found.labels] == strings_of(dataset)
    assert len(dataset.fingerprint) == 64
