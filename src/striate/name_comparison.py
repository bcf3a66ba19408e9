"""When two names are the same: the ONE answer for classes and files.

Unicode has several spellings of one character: é is one code point or two, a Korean syllable one or up to three. macOS writes
file names in the long form (NFD), keyboards and most programs in the short one (NFC). Names are the same if their NFC is; they
are kept as they were written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path


def comparable(name: str) -> str:
    r"""What a name is compared by: its NFC.

    Source: Unicode Standard Annex 15, Unicode Normalization Forms.

    Example:
        >>> comparable("e\u0301") == comparable("\u00e9")
        True
    """
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def alike(names: Iterable[str]) -> tuple[str, str] | None:
    r"""The first two names that are the same and written differently, if there are any.

    Example:
        >>> alike(["cat", "e\u0301", "\u00e9"]) == ("e\u0301", "\u00e9")
        True
    """
    written: dict[str, str] = {}
    for name in names:
        if (first := written.setdefault(comparable(name), name)) != name:
            return first, name
    return None


def spelled(first: str, second: str) -> str:
    r"""Two names that look the same, for a message: as they are, and by their code points.

    Example:
        >>> print(spelled("e\u0301", "\u00e9").replace("e\u0301", "\u00e9"))
        'é' and 'é', which differ by their Unicode form alone ('e\u0301', '\xe9')
    """
    return f"{first!r} and {second!r}, which differ by their Unicode form alone ({first!a}, {second!a})"


class NamePlaces:
    r"""Where names are in a sequence, found however they are written.

    Example:
        >>> places = NamePlaces(["cat", "e\u0301"])
        >>> places.find("\u00e9"), places.find("dog")
        (1, None)
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        self._exact = {name: place for place, name in enumerate(self.names)}
        self._places = {comparable(name): place for name, place in reversed(self._exact.items())}

    def find(self, name: str) -> int | None:
        """The place of a name, of the one written just so if it is there twice; None if it is not there."""
        place = self._exact.get(name)
        return self._places.get(comparable(name)) if place is None else place


class PathFinder:
    """Finds files by paths that may be written in another Unicode form than on the disk.

    Folders are read once, and only where a path as it is written leads nowhere.
    """

    def __init__(self) -> None:
        self._folders: dict[Path, NamePlaces] = {}

    def find(self, path: Path) -> Path:
        """The path as it is on the disk; as it was written if there is none.

        Example:
            >>> PathFinder().find(Path("none/such.png")).as_posix()
            'none/such.png'
        """
        if str(path).isascii() or _is_there(path):
            return path
        found = Path(path.anchor)
        for part in path.relative_to(path.anchor).parts:
            step = found / part
            if not _is_there(step):
                entries = self._entries(found)
                if (place := entries.find(part)) is None:
                    return path
                step = found / entries.names[place]
            found = step
        return found

    def _entries(self, folder: Path) -> NamePlaces:
        if folder not in self._folders:
            try:
                self._folders[folder] = NamePlaces(sorted(entry.name for entry in folder.iterdir()))
            except OSError:
                self._folders[folder] = NamePlaces(())
        return self._folders[folder]


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or with a NUL
        return False
