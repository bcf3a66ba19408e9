import pytest

from striate.errors import ItemError
from striate.text import read_text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("naïve 한국어".encode(), ("naïve 한국어", "UTF-8")),
        (b"\xef\xbb\xbfwith a mark", ("with a mark", "UTF-8")),
        (b"na\xefve \x93quoted\x94", ("naïve “quoted”", "cp1252")),
        (b"\x81\xe9", ("\x81é", "latin-1")),  # cp1252 has nothing at 0x81
        (b"", ("", "UTF-8")),
    ],
)
def test_the_encoding_is_found(content, expected):
    assert read_text(content, name="a.txt") == expected


def test_what_is_no_text_is_refused():
    with pytest.raises(ItemError, match=r"a\.png.*zero bytes.*save it as UTF-8"):
        read_text(b"\x89PNG\0\0", name="a.png")
