"""Sentences from folders and tables, to splits."""

import numpy as np
import pytest

import striate
from striate.data import assign_splits, check_pictures, load_data, read_split_csv, write_split_csv
from striate.data.loading import kind_of
from striate.data.preparation import listed_pictures
from striate.errors import DataError


def write(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def shown(dataset):
    return {
        dataset.pictures.key(row): (dataset.classes[dataset.labels[row]], dataset.pictures.read(row).decode())
        for row in range(len(dataset))
    }


def test_a_file_a_class_by_names_and_by_endings(tmp_path):
    by_name = write(tmp_path / "a", {"neg.txt": "bad\n\n so  bad\n", "pos.txt": "good", "README": "of it"})
    dataset = load_data(by_name)
    assert shown(dataset) == {"neg.txt:1": ("neg", "bad"), "neg.txt:3": ("neg", "so bad"), "pos.txt:1": ("pos", "good")}
    assert dataset.ignored == {"empty lines": 1, "files that are no class's": 1}
    assert (dataset.kind, dataset.plural, kind_of(by_name)) == ("text", "sentences", "text")
    by_ending = write(tmp_path / "b", {"rt.neg": b"caf\xe9", "rt.pos": "good"})
    dataset = load_data(by_ending)
    assert shown(dataset) == {"rt.neg:1": ("neg", "café"), "rt.pos:1": ("pos", "good")}
    assert dataset.notes == (
        "1 file not in UTF-8, read as cp1252: file 'rt.neg'; if letters look wrong, save it as UTF-8",
    )


def test_class_folders_with_and_without_splits(tmp_path):
    files = {"neg/1.txt": "so\nbad", "neg/note.md": "x", "pos/a.TXT": "good"}
    dataset = load_data(write(tmp_path / "plain", files))
    assert shown(dataset) == {"neg/1.txt": ("neg", "so bad"), "pos/a.TXT": ("pos", "good")}
    assert dataset.ignored == {"files that are no texts": 1}
    split = {f"{place}/{name}": text for place in ("train", "test") for name, text in files.items()}
    dataset = load_data(write(tmp_path / "split", split))
    assert dataset.counts() == {"neg": {"train": 1, "test": 1}, "pos": {"train": 1, "test": 1}}
    lines = {
        "Training/neg.txt": "bad\nworse",
        "Training/pos.txt": "good",
        "dev/neg.txt": "awful",
        "dev/pos.txt": "fine",
    }
    dataset = load_data(write(tmp_path / "lines", lines))
    assert dataset.counts() == {"neg": {"train": 2, "val": 1}, "pos": {"train": 1, "val": 1}}


def test_folders_of_pictures_with_captions_hold_pictures(tmp_path, striped):
    assert kind_of(striped) == "picture"
    folder = write(tmp_path, {"cat/1.png": b"x", "cat/1.txt": "a cat", "dog/1.png": b"y", "dog/1.txt": "a dog"})
    assert load_data(folder).kind == "picture"
    assert kind_of("digits") == kind_of(tmp_path / "nothing") == "picture"


def test_a_table_of_texts(tmp_path):
    table = 'label,text,split\npos,"good, really",train\nneg,bad,train\npos,fine,test\nneg,\'=awful,Test\n'
    write(tmp_path, {"t.csv": table})
    dataset = load_data(tmp_path / "t.csv")
    assert shown(dataset)["t.csv:2"] == ("pos", "good, really")
    assert shown(dataset)["t.csv:5"] == ("neg", "=awful")
    assert dataset.counts() == {"neg": {"train": 1, "test": 1}, "pos": {"train": 1, "test": 1}}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("text,label\na,\n", r"line 2: no label; every text must have one"),
        ("text,label,split\na,x,somewhere\n", r"line 2: unknown split 'somewhere'"),
        ("text,label,split\na,x,train\nb,y,\n", r"t\.csv:3 has no split, though other lines have one"),
        ("text,label\n", "holds no text below its first line"),
        ("text,class\na,b\n", r"must have one column 'label'; it has 'text', 'class'"),
        ("text,label\na,x\n", "only one class"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path, table, message):
    write(tmp_path, {"t.csv": table})
    with pytest.raises(DataError, match=message):
        load_data(tmp_path / "t.csv")


def test_files_called_as_splits_are_no_classes(tmp_path):
    with pytest.raises(DataError, match=r"lie in classes 'test', 'train', which are names of splits; put a folder"):
        load_data(write(tmp_path, {"train.txt": "a", "test.txt": "b"}))


def test_contradictions_and_what_has_no_word_are_set_aside(tmp_path):
    lines = {"neg.txt": "bad\nsame words\n...\nbad", "pos.txt": "good\nsame  words"}
    dataset = check_pictures(load_data(write(tmp_path, lines)))
    reasons = {problem.key: problem.reason for problem in dataset.problems}
    assert reasons == {
        "neg.txt:2": "it is labelled 'neg', but its exact copy pos.txt:2 is labelled 'pos'",
        "neg.txt:3": "there is no word in it",
        "pos.txt:2": "it is labelled 'pos', but its exact copy neg.txt:2 is labelled 'neg'",
    }
    assert dataset.checked_facts.widths.tolist() == [1, 1, 1]


def test_validation_is_drawn_from_train_and_copies_stay_together(tmp_path):
    lines = {f"{split}/{name}.txt": "" for split in ("train", "test") for name in ("neg", "pos")}
    for name, word in (("neg", "bad"), ("pos", "good")):
        lines[f"train/{name}.txt"] = "\n".join(f"{word} {place // 2}" for place in range(40))
        lines[f"test/{name}.txt"] = f"{word} at last"
    dataset = assign_splits(check_pictures(load_data(write(tmp_path / "data", lines))), seed=0)
    counts = dataset.counts()
    assert counts["neg"] == counts["pos"] == {"train": 36, "val": 4, "test": 1}
    assert "8 of the 80 training sentences were set aside to validate" in dataset.notes[-1]
    texts = {split: {dataset.pictures.read(row) for row in dataset.indices(split)} for split in ("train", "val")}
    assert not texts["train"] & texts["val"]
    write_split_csv(dataset, tmp_path / "split.csv")
    again = check_pictures(load_data(tmp_path / "data"))
    found = listed_pictures(again, read_split_csv(tmp_path / "split.csv"), classes=dataset.classes)
    assert np.array_equal(found.splits, dataset.splits)


def test_the_movie_reviews(real_data):
    dataset = load_data(real_data("movie_reviews"))
    assert (len(dataset), dataset.classes) == (10_662, ("neg", "pos"))
    assert dataset.notes[0].startswith("2 files not in UTF-8, read as cp1252")


def test_check_tells_of_sentences(tmp_path):
    lines = {"neg.txt": "bad\nsame words\n...\nbad\nugly", "pos.txt": "good\nsame  words\nfine"}
    found = striate.check(write(tmp_path, lines))
    said = found.to_text()
    assert said.splitlines()[0].startswith("5 sentences of 2 classes in ")
    assert said.splitlines()[1] == "1 words"
    assert "1 are exact copies of others" in said
    assert "3 sentences are set aside:" in said
    assert "neg.txt:3: there is no word in it" in said
    assert "Nothing is wrong" not in said
    assert (found.at_fault, found.findings) == (True, ())
