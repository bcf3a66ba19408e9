"""Text that is safe to show on a terminal."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text with every character that could steer a terminal written out: file names and labels are not ours.

    Example:
        >>> printable("cat\x1b[2J.jpg")
        'cat\\x1b[2J.jpg'
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "backslashreplace").decode("ascii")
        for character in text
    )
