from __future__ import annotations

import csv
import io
import json
import os
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import striate
from striate.row_writing import (
    FilePath,
    csv_line,
    guarded,
    guarded_path,
    json_line,
    json_text,
    text_bytes,
    unguarded,
    unguarded_path,
)

# Names as the file system gives them: bytes without NUL, decoded as Python does; and texts that are hard for CSV.
BYTES = st.binary(max_size=40).filter(lambda name: b"\0" not in name)
HARD = st.text(st.sampled_from(list("=+-@\t\r\n'\",;. a/é\u202e\u2028\x85\x1b\udcfc\uff1d")), max_size=12)
NAMES = BYTES.map(os.fsdecode) | HARD
FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


def read(content: bytes) -> list[list[str]]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors="surrogateescape", newline="")
    return list(csv.reader(text, strict=True))


@given(st.lists(st.lists(NAMES, min_size=2, max_size=2), min_size=1, max_size=5))
@example([["a\rb", "c"], ["\r", "\r\n"]])
@example([["'=1", "''=1"], ["./=1", "././=1"]])
def test_names_and_paths_come_back_row_by_row(rows):
    content = b"".join(csv_line([FilePath(path), name]) for path, name in rows)
    cells = read(content)
    assert [[unguarded_path(path), unguarded(name)] for path, name in cells] == rows
    for path, name in cells:
        assert not path.startswith(FORMULA)
        assert not name.startswith(FORMULA)


@given(st.lists(NAMES, min_size=1, max_size=5))
def test_a_plain_reader_counts_the_same_rows(names):
    content = csv_line(["name", "number"]) + b"".join(csv_line([name, 1]) for name in names)
    # As most programs open it, with line ends made the same.
    rows = list(csv.DictReader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8", errors="surrogateescape")))
    assert [row["number"] for row in rows] == ["1"] * len(names)


@given(NAMES)
def test_a_path_leads_to_its_file_without_any_knowledge(path):
    assert os.path.normpath(guarded_path(path)) == os.path.normpath(path)
    (cell,) = read(csv_line([FilePath(path), ""]))[0][:1]
    assert os.fsencode(os.path.normpath(cell)) == os.path.normpath(os.fsencode(path))


def test_bytes_of_a_csv_line():
    assert csv_line(["bl\udce4tter.png", "grün", 1, -0.5]) == b"bl\xe4tter.png,gr\xc3\xbcn,1,-0.5\n"
    assert csv_line(["a\rb", 2]) == b'"a\rb","2"\n'
    assert (
        csv_line(["\tx", "\rx", "@x", "+1", "-1", "＝1"]) == '"\'\tx","\'\rx","\'@x","\'+1","\'-1","\'＝1"\n'.encode()
    )
    assert csv_line(["a,b", 'say "x"', "", "x\ny"]) == b'"a,b","say ""x""",,"x\ny"\n'


def test_numbers_are_not_guarded_and_names_like_them_are():
    assert read(csv_line([-1, -1.5, "-1", "1e5"])) == [["-1", "-1.5", "'-1", "1e5"]]


def test_what_no_file_name_holds_cannot_end_it():
    assert csv_line(["\ud800", "\udfff"]) == "\ufffd,\ufffd\n".encode()
    assert text_bytes("\udc7f\udc80") == b"\xef\xbf\xbd\x80"


def test_guards_of_guards():
    assert [guarded(name) for name in ("=", "'=", "''=", "'", "")] == ["'=", "''=", "'''=", "'", ""]
    assert [guarded_path(path) for path in ("-a", "./-a", "././-a", "./a", ".-a")] == [
        "./-a",
        "././-a",
        "./././-a",
        "./a",
        ".-a",
    ]


@given(st.dictionaries(NAMES, NAMES | st.lists(NAMES) | st.integers() | st.booleans() | st.none(), max_size=4))
def test_json_comes_back_and_steers_nothing(value):
    line = json_line(value)
    assert json.loads(line) == value
    text = line.decode()
    assert text.count("\n") == 1 and text.endswith("\n")
    assert not any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text[:-1])
    assert not any(unicodedata.category(c) == "Cf" and c not in "\u200c\u200d" for c in text)


@given(BYTES)
def test_a_path_in_json_leads_to_its_file(name):
    assert os.fsencode(json.loads(json_line({"path": os.fsdecode(name)}))["path"]) == name


def test_json_is_readable():
    assert json_text({"고양이": "é\u3000😀"}) == '{"고양이": "é\u3000😀"}'
    assert json_text("\x1b\x85\u202e\u2028\udcfc\U000e0001") == '"\\u001b\\u0085\\u202e\\u2028\\udcfc\\udb40\\udc01"'
    assert json_text({"a": ["\u202e"]}, indent=1) == '{\n "a": [\n  "\\u202e"\n ]\n}'


def test_json_has_no_numbers_that_are_none():
    assert json_text({"a": [float("nan"), 1.5], "b": (float("inf"), {"c": -float("inf")})}) == (
        '{"a": [null, 1.5], "b": [null, {"c": null}]}'
    )


@pytest.mark.parametrize("value", [{1, 2}, b"bytes"])
def test_what_is_no_json_is_an_error(value):
    with pytest.raises(TypeError):
        json_text(value)


def test_only_this_module_writes_csv():
    root = Path(striate.__file__).parent
    assert [path.name for path in root.rglob("*.py") if re.search(r"csv\.(Dict)?[wW]riter", path.read_text())] == [
        "row_writing.py"
    ]
