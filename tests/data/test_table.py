from __future__ import annotations

import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from striate.data.dataset import Dataset
from striate.data.table import load_table
from striate.errors import DataError
from striate.name_comparison import comparable
from striate.row_writing import FilePath, csv_line

Tree = Callable[..., Path]


@pytest.fixture
def table(tree: Tree) -> Callable[..., Path]:
    """A function that writes a CSV beside four pictures."""
    root = tree("a.png", "b.png", "sub/c.png", "d,e.png")

    def write(text: str, *, encoding: str = "utf-8") -> Path:
        path = root / "table.csv"
        path.write_bytes(text.encode(encoding))
        return path

    return write


def rows(dataset: Dataset) -> list[tuple[str, str, int]]:
    return [
        (dataset.pictures.key(index), dataset.classes[dataset.labels[index]], int(dataset.splits[index]))
        for index in range(len(dataset))
    ]


def message_of(path: Path) -> str:
    with pytest.raises(DataError) as caught:
        load_table(path)
    return str(caught.value)


def test_path_and_label(table: Callable[..., Path]) -> None:
    path = table('path,label\nsub/c.png,dog\nb.png,cat\n"d,e.png",cat\n')
    dataset = load_table(path)
    assert dataset.name == "table"
    assert dataset.location == str(path)
    assert rows(dataset) == [("b.png", "cat", 0), ("d,e.png", "cat", 0), ("sub/c.png", "dog", 0)]
    assert dataset.groups is None
    assert dataset.pictures.path(2) == path.parent / "sub/c.png"


def test_all_columns_in_any_order_with_bom_spaces_and_crlf(table: Callable[..., Path]) -> None:
    text = (
        "Split , group,LABEL,path\r\n"
        "val,g2, dog ,b.png\r\n"
        "train,g1,cat,a.png\r\n"
        "\r\n"
        "Validation,,cat,sub/c.png\r\n"
        'train,g1,dog," d,e.png"\r\n'
    )
    dataset = load_table(table(text, encoding="utf-8-sig"))
    assert rows(dataset) == [("a.png", "cat", 1), ("d,e.png", "dog", 1), ("sub/c.png", "cat", 2), ("b.png", "dog", 2)]
    assert dataset.groups is not None
    assert dataset.groups.tolist() == [0, 0, -1, 1]
    assert dataset.group_names == ("g1", "g2")


def test_order_of_lines_does_not_matter(table: Callable[..., Path]) -> None:
    first = load_table(table("path,label,group\na.png,x,g\nb.png,y,h\nsub/c.png,x,h\n"))
    second = load_table(table("path,label,group\nsub/c.png,x,h\nb.png,y,h\na.png,x,g\n"))
    assert rows(first) == rows(second)
    assert first.groups is not None
    assert second.groups is not None
    assert first.groups.tolist() == second.groups.tolist()


def test_paths_are_absolute_or_relative_and_one_picture_has_one_key(table: Callable[..., Path], tree: Tree) -> None:
    path = table("")
    outside = tree("z.png", at=path.parent.parent / "outside")
    path = table(
        f"path,label\n{path.parent}/a.png,x\n./b.png,y\nsub/../b.png,y\n{outside}/z.png,x\n../outside/z.png,x\n"
    )
    dataset = load_table(path)
    found = {dataset.pictures.key(index) for index in range(len(dataset))}
    assert found == {"a.png", "b.png", f"{outside}/z.png", "../outside/z.png"}
    assert dataset.ignored == {"lines that repeat another": 1}
    assert all(dataset.pictures.read(index)[:4] == b"\x89PNG" for index in range(len(dataset)))


def test_unknown_columns_are_counted(table: Callable[..., Path]) -> None:
    dataset = load_table(table("width,path,label,note\n5,a.png,x,\n5,b.png,y,hm\n"))
    assert dataset.ignored == {"unknown columns 'width', 'note'": 2}


def test_blank_values_at_the_end_do_not_count(table: Callable[..., Path]) -> None:
    assert len(load_table(table("path,label\na.png,x,,\nb.png,y\n,\n"))) == 2


def test_labels_are_composed(table: Callable[..., Path]) -> None:
    forms = [unicodedata.normalize(form, "é") for form in ("NFC", "NFD")]
    dataset = load_table(table(f"path,label\na.png,{forms[0]}\nb.png,{forms[1]}\nsub/c.png,x\n"))
    assert dataset.classes == ("x", forms[0])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{path} is empty; its first line should name the columns: path,label[,split,group]"),
        ("\n\n", "{path} is empty; its first line should name the columns: path,label[,split,group]"),
        ("path,label\n", "no picture in {path}"),
        ("file,label\n", "{path}: the header has no column 'path' (it has 'file', 'label')"),
        ("path\n", "{path}: the header has no column 'label' (it has 'path')"),
        (
            "path;label\na.png;x\n",
            "{path}: the header has no column 'path' (it has 'path;label'); the columns must be separated by commas",
        ),
        ("path,label,label\n", "{path}: the header names the column 'label' 2 times; keep one"),
        ("path,label\na.png,x\n,y\n", "{path}, line 3: no path; every line must name a picture"),
        ("path,label\na.png,x\nb.png, \n", "{path}, line 3: no label for 'b.png'; every picture must have one"),
        (
            "path,label\n\na.png,x\nz.png,y\nb.png,y\nq.png,y\nr.png,x\n",
            "{path}, line 4: the file 'z.png' does not exist (nor do the files of 2 more lines); "
            "paths are relative to the folder of the table, or absolute",
        ),
        (
            "path,label\na.png,x\nsub,y\n",
            "{path}, line 3: the file 'sub' does not exist; paths are relative to the folder of the table, or absolute",
        ),
        (
            "path,label,split\na.png,x,train\nb.png,y,pets\n",
            "{path}, line 3: unknown split 'pets'; known: train, val (or validation), test",
        ),
        (
            "path,label,split\na.png,x,train\nb.png,y,\n",
            "{path}, line 3: no split, though other lines have one; give every picture a split or none",
        ),
        (
            "path,label\na.png,x\nb.png,x\n./a.png,y\n",
            "{path}, line 4: './a.png' has another label than in line 2; a picture has one label; "
            "where pictures may be of several classes, say so by --task multi_label",
        ),
        (
            "path,label,split\na.png,x,train\na.png,x,val\n",
            "{path}, line 3: 'a.png' has another split than in line 2; a picture has one split",
        ),
        (
            "path,label,group\na.png,x,g\na.png,x,h\n",
            "{path}, line 3: 'a.png' has another group than in line 2; a picture has one group",
        ),
        (
            "path,label\nd,e.png,x\n",
            "{path}, line 2: 3 values, but the header names 2 columns; "
            "a value that holds a comma must stand in double quotes",
        ),
        ("path,label,split\na.png,x\n", "{path}, line 2: 2 values, but the header names 3 columns; "
            "a value that holds a comma must stand in double quotes"),
        ('path,label\na.png,x\n"b.png,y\n', "{path}, line 3: not CSV (unexpected end of data)"),
        ("path,label\na.png,x\nb.png,x\n", "only one class ('x') in {path}; telling classes apart takes at least two"),
        (
            "path,label,split\na.png,x,train\nb.png,y,train\nsub/c.png,z,test\n",
            "'test' has pictures of class 'z', which 'train' lacks, in {path}; "
            "add pictures to 'train', or remove those in 'test'",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used(table: Callable[..., Path], text: str, message: str) -> None:
    path = table(text)
    assert message_of(path) == message.format(path=path)


def test_not_utf8(table: Callable[..., Path]) -> None:
    path = table("path,label\na.png,고양이\n", encoding="cp949")
    assert message_of(path) == f"{path} is not UTF-8 text; save the table as 'CSV UTF-8'"


def test_paths_written_on_windows_get_a_hint(table: Callable[..., Path]) -> None:
    path = table("path,label\na.png,x\nsub\\new.png,y\n")
    expected = (
        f"{path}, line 3: the file 'sub\\\\new.png' does not exist; paths are relative to the folder of the table, or absolute; "
        "folders are separated by slashes here"
    )
    assert message_of(path) == f"{expected}, not by backslashes"
    (path.parent / "sub" / "new.png").write_bytes(b"")
    assert message_of(path) == f"{expected}: write 'sub/new.png', which exists"


def test_zero_bytes(table: Callable[..., Path]) -> None:
    assert "does not exist" in message_of(table("path,label\na\0.png,x\n"))


def test_a_folder_is_no_table(tmp_path: Path) -> None:
    assert message_of(tmp_path) == f"cannot read {tmp_path}: Is a directory"


def test_paths_in_another_unicode_form_than_on_the_disk(tree: Tree) -> None:
    composed, decomposed = (unicodedata.normalize(form, "고양이/é") for form in ("NFC", "NFD"))
    root = tree(f"{decomposed}1.png", f"{decomposed}2.png")
    path = root / "table.csv"
    path.write_text(f"path,label\n{composed}1.png,개\n{composed}2.png,새\n{decomposed}2.png,새\n")
    dataset = load_table(path)
    assert rows(dataset) == [(f"{decomposed}1.png", "개", 0), (f"{decomposed}2.png", "새", 0)]
    assert dataset.ignored == {"lines that repeat another": 1}
    assert dataset.pictures.read(0)[:4] == b"\x89PNG"
    path.write_text(f"path,label\n{root / composed}1.png,개\n{composed}2.png,새\n")
    assert [key for key, _, _ in rows(load_table(path))] == [f"{decomposed}1.png", f"{decomposed}2.png"]
    path.write_text(f"path,label\n{composed}3.png,개\n{composed}2.png,새\n")
    assert f"the file '{composed}3.png' does not exist" in message_of(path)


def test_labels_and_groups_in_two_forms_are_one(table: Callable[..., Path]) -> None:
    composed, decomposed = (unicodedata.normalize(form, "고양이") for form in ("NFC", "NFD"))
    dataset = load_table(
        table(f"path,label,group\na.png,{composed},{decomposed}\nb.png,{decomposed},{composed}\nsub/c.png,개,\n")
    )
    assert dataset.classes == ("개", composed)
    assert dataset.group_names == (composed,)


def test_a_path_of_any_bytes(table: Callable[..., Path]) -> None:
    path = table("path,label\na.png,x\n")
    root = path.parent
    (root / "a.png").rename(root / "bl\udce4tter.png")
    path.write_bytes(b"path,label\nbl\xe4tter.png,x\nb.png,y\n")
    dataset = load_table(path)
    assert rows(dataset) == [("b.png", "y", 0), ("bl\udce4tter.png", "x", 0)][::-1]
    assert dataset.pictures.read(0)[:4] == b"\x89PNG"
    # Not a file's own bytes, but a table in another encoding.
    for content in (b"path,label\nbl\xe5tter.png,x\nb.png,y\n", b"path,label\na.png,gr\xfcn\nb.png,y\n"):
        path.write_bytes(content)
        assert message_of(path) == f"{path} is not UTF-8 text; save the table as 'CSV UTF-8'"


def test_what_was_guarded_against_spreadsheets_is_read_back(table: Callable[..., Path]) -> None:
    path = table("path,label\na.png,x\n")
    (path.parent / "a.png").rename(path.parent / "=a.png")
    path.write_text("path,label,group\n./=a.png,'=x,'-1\nb.png,'y','quoted'\n")
    dataset = load_table(path)
    assert rows(dataset) == [("b.png", "'y'", 0), ("=a.png", "=x", 0)]
    assert dataset.group_names == ("'quoted'", "-1")


FILES = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
LABELS = st.text(min_size=1, max_size=6).filter(lambda label: label.isprintable() and label.strip() == label)


@FILES
@given(
    st.lists(LABELS, min_size=4, max_size=4, unique_by=comparable),
    st.permutations(["a.png", "b.png", "sub/c.png", "d,e.png"]),
)
def test_any_labels_and_order_are_read_as_they_were_written(
    table: Callable[..., Path], labels: list[str], paths: list[str]
) -> None:
    path = table("")
    lines = [
        csv_line(["path", "label"]),
        *(csv_line([FilePath(p), label]) for p, label in zip(paths, labels, strict=True)),
    ]
    path.write_bytes(b"".join(lines))
    expected = [(p, comparable(label), 0) for p, label in zip(paths, labels, strict=True)]
    assert sorted(rows(load_table(path))) == sorted(expected)


@FILES
@given(
    st.lists(
        st.sampled_from(["path", "label", "split", "a.png", "train", ",", "\n", '"', "\r", ";", "\0", "é", "=", " "])
    )
)
def test_any_text_is_a_table_or_a_sentence_that_names_it(table: Callable[..., Path], parts: list[str]) -> None:
    path = table("path,label\n" + "".join(parts))
    try:
        assert len(load_table(path)) >= 1
    except DataError as error:
        assert str(path) in str(error)


def test_labels_with_another_sign_between_them_are_hinted_at(table: Callable[..., Path]) -> None:
    (note,) = load_table(table("path,labels\na.png,cat;dog\nb.png,cat\n")).notes
    assert note == "'cat;dog' is taken for one label: between several stands '|'"
    assert load_table(table("path,labels\na.png,cat;dog|fox\nb.png,cat\n")).notes == ()
    assert load_table(table("path,label\na.png,cat;dog\nb.png,cat\n")).notes == ()
