"""Sentences as a data set has its pictures: in memory, each known by its file and line."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from striate.data.assembling import listed
from striate.data.names import Names
from striate.errors import DataError, UsageError
from striate.text import SentenceEncoding
from striate.text.arguments import read_file
from striate.wording import plural

MOST_TOGETHER = 2 << 30
"""Bytes of all texts of a data set, which are held in memory."""


@dataclass(frozen=True, eq=False)
class Texts:
    """The sentences of a data set.

    Example:
        >>> texts = Texts(Names.from_strings(["pos.txt:1"]), Names.from_strings(["a good film"]))
        >>> texts.key(0), texts.read(0)
        ('pos.txt:1', b'a good film')
    """

    keys: Names
    sentences: Names
    kind: ClassVar[str] = SentenceEncoding.kind

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, index: int) -> str:
        """The file, and the line where it has several sentences."""
        return self.keys[index]

    def read(self, index: int) -> bytes:
        """The sentence in UTF-8."""
        return self.sentences.encoded(index)

    def path(self, index: int) -> None:
        """None: what is read is in memory."""

    def select(self, indices: npt.NDArray[np.int64]) -> Texts:
        """The sentences at `indices`, in their order."""
        return Texts(self.keys.select(indices), self.sentences.select(indices))


@dataclass
class TextReader:
    """Reads text files, and remembers in which encodings they are."""

    encodings: dict[str, list[str]] = field(default_factory=dict)
    """The files' names by encoding."""
    read: int = 0
    """Bytes so far."""

    def text(self, path: Path, name: str) -> str:
        """What a file says.

        Raises:
            DataError: It cannot be read, is no text, or all together are too much.
        """
        try:
            self.read += path.stat().st_size
            if self.read > MOST_TOGETHER:
                raise DataError(f"the texts up to {name} have {self.read:,} bytes; expected at most {MOST_TOGETHER:,}")
            said, encoding = read_file(path)
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror or error}") from error
        except UsageError as error:
            raise DataError(str(error)) from error
        self.encodings.setdefault(encoding, []).append(name)
        return said

    def notes(self) -> tuple[str, ...]:
        """In which encoding files were read that are not UTF-8."""
        return tuple(
            f"{plural(len(names), 'file')} not in UTF-8, read as {encoding}: {listed('file', names, most=3)}; if letters look wrong, "
            "save it as UTF-8"
            for encoding, names in self.encodings.items()
            if encoding != "UTF-8"
        )


def plain(text: str) -> str:
    r"""A text in one line, with single spaces.

    Example:
        >>> plain(" a good\n film ")
        'a good film'
    """
    return " ".join(text.split())


def sentences_of_lines(text: str, name: str, ignored: Counter[str]) -> tuple[list[str], list[str]]:
    """(keys, sentences) of the lines of a file that are not empty; the others are counted."""
    keys, sentences = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if sentence := plain(line):
            keys.append(f"{name}:{number}")
            sentences.append(sentence)
        else:
            ignored["empty lines"] += 1
    return keys, sentences
