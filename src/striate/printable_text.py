"""Names that are not ours, such as those of files and classes, as text that can be shown anywhere."""

from __future__ import annotations

_JOINERS = "\u200c\u200d"  # Persian and emoji are written with them; they steer nothing
_LINES = "\n\t"


def is_harmless(character: str) -> bool:
    r"""Whether a character is shown as it is: letters, marks, signs, spaces.

    Not so: control characters (terminals obey them), signs that change the direction of writing or end a line unseen, and
    what no UTF-8 file can hold, such as the halves that stand for undecodable bytes of a file's name.

    Example:
        >>> [is_harmless(character) for character in ("é", "\u3000", "\x1b", "\x85", "\u202e", "\u2028", "\udcfc")]
        [True, True, False, False, False, False, False]
    """
    if character.isprintable() or character in _JOINERS:
        return True
    # Of what is not printable for Python, spaces other than the plain one are harmless. U+2028 and U+2029 are no spaces.
    return character.isspace() and character not in "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029"


def is_text(name: str) -> bool:
    r"""Whether UTF-8 can hold a name: bytes of a file's name that are no UTF-8 are lone surrogates in Python.

    Example:
        >>> is_text("gr\u00fcn"), is_text("gr\udcfcn")
        (True, False)
    """
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def printable(text: str, *, lines: bool = False) -> str:
    r"""The text with every character written out that is not harmless, so that what is there can be told.

    Args:
        text: Any.
        lines: Whether it has lines and tabs, which stay.

    Example:
        >>> printable("cat\x1b[2J\u202e.jpg")
        'cat\\x1b[2J\\u202e.jpg'
        >>> printable("one\ntwo"), printable("one\r\ntwo", lines=True)
        ('one\\ntwo', 'one\ntwo')
    """
    if text.isprintable():
        return text
    if lines:
        text = text.replace("\r\n", "\n")
    return "".join(
        character
        if is_harmless(character) or (lines and character in _LINES)
        else character.encode("unicode_escape", "backslashreplace").decode("ascii")
        for character in text
    )
