"""Which pictures a bundle was trained on, or its rule chosen on, so that nobody measures it on them by accident."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from striate.errors import BundleError

_WIDTH = 8
"""Bytes kept of each SHA-256: two of a billion pictures collide with a probability of about 3 %, two given ones never."""


@dataclass(frozen=True)
class SeenPictures:
    """A set of pictures, known by the first eight bytes of the SHA-256 of their files."""

    prefixes: npt.NDArray[np.uint64]
    """Sorted."""

    @classmethod
    def of(cls, digests: npt.NDArray[np.uint8]) -> SeenPictures:
        """The set of pictures with these SHA-256 digests: (n, 32) uint8."""
        return cls(np.unique(_prefixes(digests)))

    def contains(self, digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
        """(n,) bool: whether each picture, by its (n, 32) uint8 digest, is in the set."""
        return np.isin(_prefixes(digests), self.prefixes)

    def to_bytes(self) -> bytes:
        """Eight bytes a picture, big-endian, sorted."""
        return self.prefixes.astype(">u8").tobytes()

    @classmethod
    def from_bytes(cls, content: bytes, *, name: str = "seen.bin") -> SeenPictures:
        """Reads what `to_bytes` gives; `name` is the file's.

        Raises:
            BundleError: If the length is not a multiple of eight bytes.
        """
        if len(content) % _WIDTH:
            raise BundleError(f"{name} holds {len(content)} bytes, which is not a multiple of {_WIDTH}")
        return cls(np.frombuffer(content, dtype=">u8").astype(np.uint64))


def _prefixes(digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(digests[:, :_WIDTH]).view(">u8").reshape(-1).astype(np.uint64)
