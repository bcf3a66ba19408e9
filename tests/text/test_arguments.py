import io
import sys

import pytest

from striate.errors import UsageError
from striate.text.arguments import as_sentences, check_arguments, expand_sentences, name_of


def test_sentences_files_and_tables(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"caf\xe9\n\n  \nsecond line\n")
    (tmp_path / "b.csv").write_text('id,Text\n1,"one, two"\n\n2,\'=three\n', encoding="utf-8")
    arguments = ["a sentence", str(tmp_path / "a.txt"), tmp_path / "b.csv"]
    assert list(expand_sentences(arguments)) == ["a sentence", "café", "second line", "one, two", "=three"]
    assert list(as_sentences("one")) == ["one"]
    assert list(as_sentences(["one", "two"])) == ["one", "two"]


def test_lines_of_stdin_keep_their_number(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("good\r\n\n좋다\n".encode())))
    assert list(expand_sentences(["-"])) == [b"good", b"", "좋다".encode()]
    assert [name_of(item) for item in (b"good", "좋다".encode(), b"\0", "a")] == ["good", "좋다", "b'\\x00'", "a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("path\na.jpg\n", r"the header must have one column 'text'; it has 'path'"),
        ("text,label\na,b,c\n", r"line 2: 3 values, but the header names 2 columns; a text that holds a comma"),
        ("\n", r"is empty; its first line should name the columns: text"),
        ('text\n"a\n', r"not CSV"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, content, message):
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=message):
        list(expand_sentences([str(tmp_path / "t.csv")]))


def test_what_means_nothing_is_refused_before_anything_is_read(tmp_path):
    check_arguments(["a sentence", "-", "what.a.film"])
    with pytest.raises(UsageError, match=r"there is no file 'no\.txt'; a sentence does not end in \.txt or \.csv"):
        check_arguments(["no.txt"])
    with pytest.raises(UsageError, match=r"is a folder; a bundle of sentences takes sentences, a \.txt file"):
        check_arguments([str(tmp_path)])
    (tmp_path / "picture.png").write_bytes(b"")
    with pytest.raises(UsageError, match=r"picture\.png' is a file of another kind; a bundle of sentences takes"):
        check_arguments([str(tmp_path / "picture.png")])


def test_no_sentence_at_all_is_a_row_without_an_answer_and_no_folder(tmp_path, monkeypatch):
    (tmp_path / "good").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    check_arguments(["", "good"])  # a file without an ending may be called as a sentence is
    assert list(expand_sentences(["", "good"])) == ["", "good"]
