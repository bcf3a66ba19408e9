"""Many strings in two flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Names:
    """An immutable sequence of strings that costs their bytes and eight more each, not a Python object each.

    A million of Python's strings in a list take some 150 MB, and touching their reference counts copies the pages of
    every forked worker; the same names here take what they have in bytes.

    Example:
        >>> names = Names.from_strings(["cat/1.jpg", "dog/é.jpg"])
        >>> len(names), names[1], list(names.select(np.array([1, 0])))
        (2, 'dog/é.jpg', ['dog/é.jpg', 'cat/1.jpg'])
    """

    buffer: npt.NDArray[np.uint8]  # the strings in UTF-8, end to end
    offsets: npt.NDArray[np.int64]  # (n + 1,): string i is buffer[offsets[i]:offsets[i + 1]]

    @classmethod
    def from_strings(cls, strings: Iterable[str]) -> Names:
        """The names of an iterable of strings, in its order; surrogates (undecodable file names) survive."""
        encoded = [string.encode("utf-8", "surrogatepass") for string in strings]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum(np.fromiter((len(item) for item in encoded), dtype=np.int64, count=len(encoded)), out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

    @classmethod
    def concatenate(cls, parts: Sequence[Names]) -> Names:
        """The names of several sequences, one after the other."""
        lengths = [np.zeros(1, dtype=np.int64), *(np.diff(part.offsets) for part in parts)]
        buffers = [np.zeros(0, dtype=np.uint8), *(part.buffer for part in parts)]
        return cls(np.concatenate(buffers), np.cumsum(np.concatenate(lengths)))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> str:
        return self.encoded(index).decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(len(self)))

    def encoded(self, index: int) -> bytes:
        """The bytes of one name.

        Raises:
            IndexError: There is no such name.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"name {index} of {len(self)}")
        return self.buffer[self.offsets[index] : self.offsets[index + 1]].tobytes()

    def select(self, indices: npt.NDArray[np.int64]) -> Names:
        """The names at `indices`, in their order.

        Args:
            indices: (k,) int64 in 0..len - 1.
        """
        lengths = np.diff(self.offsets)[indices]
        offsets = np.zeros(len(indices) + 1, dtype=np.int64)
        np.cumsum(lengths, out=offsets[1:])
        # Byte j of the result lies as far from its name's start as before: shift every name by what it moved.
        shifts = np.repeat(self.offsets[:-1][indices] - offsets[:-1], lengths)
        return Names(self.buffer[np.arange(offsets[-1]) + shifts], offsets)
