"""Vectors of words that were learnt elsewhere: files as word2vec and GloVe write them, read a word at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from striate.errors import UsageError

BINARY = ".bin"
"""What the name of word2vec's binary files ends in; others are text, a word a line."""

MOST_WORDS, LONGEST_WORD, LONGEST_NUMBER = 50_000_000, 2_000, 40
"""Of a file: its words, a word's bytes, and the bytes of a number that is written out."""


@dataclass(frozen=True, eq=False)
class WordVectors:
    """What a file has of a vocabulary."""

    rows: npt.NDArray[np.int64]
    """(k,) ids."""
    vectors: npt.NDArray[np.float32]
    """(k, width)."""
    sha256: str
    """Of the file, in hexadecimal."""


def read_vectors(path: Path, ids: Mapping[str, int], *, width: int) -> WordVectors:
    """The vectors of the words that a vocabulary has; of a word that comes twice the first one.

    Args:
        path: word2vec's binary file, if its name ends in `.bin`, or text: a line a word, the word and then its numbers, with or without
            a first line of how many words and numbers there are.
        ids: Of the words that are wanted.
        width: Numbers of a vector.

    Raises:
        UsageError: It cannot be read, is no such file, or its vectors have another width.
    """
    found: dict[int, npt.NDArray[np.float32]] = {}
    try:
        with path.open("rb") as file:
            words = _binary(file, path, width) if path.suffix.lower() == BINARY else _text(file, path, width)
            for word, vector in words:
                place = ids.get(word.decode("utf-8", "replace"))
                if place is not None and place not in found:
                    found[place] = np.array(vector, np.float32)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"cannot read the vectors {path}: {error.strerror or error}") from error
    vectors = np.stack(list(found.values())) if found else np.empty((0, width), np.float32)
    if not np.isfinite(vectors).all():
        raise UsageError(f"{path} holds numbers that are not finite")
    return WordVectors(np.array(list(found), np.int64), vectors, digest)


def _binary(file: BinaryIO, path: Path, width: int) -> Iterator[tuple[bytes, npt.NDArray[np.float32]]]:
    header = file.readline(100).split()
    if len(header) != 2 or not all(number.isdigit() for number in header) or int(header[0]) > MOST_WORDS:
        raise UsageError(
            f"{path} is no binary file of word2vec: it should begin with how many words and numbers it has"
        )
    _check_width(path, int(header[1]), width)
    for place in range(int(header[0])):
        word = bytearray()
        while (sign := file.read(1)) not in (b" ", b""):
            word += sign
            if len(word) > LONGEST_WORD:
                raise UsageError(f"{path}: word {place + 1} has more than {LONGEST_WORD:,} bytes")
        numbers = file.read(4 * width)
        if len(numbers) < 4 * width:
            raise UsageError(f"{path} ends within word {place + 1} of {int(header[0]):,}")
        yield bytes(word).strip(), np.frombuffer(numbers, "<f4")


def _text(file: BinaryIO, path: Path, width: int) -> Iterator[tuple[bytes, list[bytes]]]:
    longest = LONGEST_WORD + LONGEST_NUMBER * (width + 1)
    number = 0
    while line := file.readline(longest + 1):
        number += 1
        if len(line) > longest or number > MOST_WORDS:
            raise UsageError(f"{path}, line {number}: longer than any word with {width} numbers")
        parts = line.split()
        if not parts or (number == 1 and len(parts) == 2):
            continue  # how many there are
        _check_width(path, len(parts) - 1, width)
        try:
            yield parts[0], [float(part) for part in parts[1:]]  # type: ignore[misc]
        except ValueError as error:
            raise UsageError(f"{path}, line {number}: not numbers after the word ({error})") from error


def _check_width(path: Path, found: int, width: int) -> None:
    if found != width:
        raise UsageError(f"{path} has vectors of {found} numbers, the network takes {width}")
