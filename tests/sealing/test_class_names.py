"""The names of classes that come with weights or in a file."""

import pytest

from striate.errors import UsageError
from striate.sealing.class_names import read_classes, unique


@pytest.mark.parametrize(
    "text", ["cat\ndog\n", "cat\r\n dog \n\n", '["cat", "dog"]', '{"0": ["n1", "cat"], "1": ["n2", "dog"]}']
)
def test_class_names_come_in_files_of_many_kinds(tmp_path, text):
    (tmp_path / "names").write_text(text)
    assert read_classes(tmp_path / "names") == ("cat", "dog")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds none"),
        (b"cat\n\ndog", "holds an empty name"),
        (b'{"0": "cat", "2": "dog"}', "is not JSON with class names"),
        (b'{"cat', "is not JSON with class names"),
        (b"\xff\xfe\xfa", "it is not text in UTF-8"),
    ],
)
def test_a_file_without_class_names_is_refused(tmp_path, content, message):
    (tmp_path / "names").write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read_classes(tmp_path / "names")


def test_names_that_are_there_twice_are_numbered():
    assert unique(["a", "b", "a", "a"]) == ("a", "b", "a (2)", "a (3)")
