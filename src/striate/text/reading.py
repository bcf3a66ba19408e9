"""Bytes of text files: in which of three encodings they are, and what they say."""

from __future__ import annotations

from striate.errors import ItemError

ENCODINGS = ("UTF-8", "cp1252", "latin-1")
"""In the order in which they are tried. The last one reads any bytes."""

MOST_BYTES = 256 << 20
"""Of a text file, which is read at once."""


def read_text(content: bytes, *, name: str) -> tuple[str, str]:
    r"""What a file says, and its encoding: UTF-8 if its bytes are that, else cp1252 (Windows), else latin-1.

    Args:
        content: All of it.
        name: What errors call it.

    Raises:
        ItemError: It holds a zero byte, as pictures and UTF-16 do.

    Example:
        >>> read_text("naïve".encode(), name="a.txt"), read_text(b"na\xefve", name="a.txt")
        (('naïve', 'UTF-8'), ('naïve', 'cp1252'))
    """
    if b"\0" in content:
        raise ItemError(name, "it holds zero bytes, which text in UTF-8 never has; save it as UTF-8")
    for encoding in ENCODINGS[:-1]:
        try:
            return content.decode("utf-8-sig" if encoding == "UTF-8" else encoding), encoding
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1"), ENCODINGS[-1]
