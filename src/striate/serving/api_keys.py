"""Keys of those who may ask a server: read from a file, kept as digests, compared without telling by time how much fits."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path

from striate.errors import UsageError

SHORTEST = 16
"""Characters of a key: what people think of is guessed."""


class ApiKeys:
    """The keys of a file: a line each, a name and a key, or a key alone; empty lines and those that begin with # count for nothing.

    Args:
        path: The file, which only its owner may read.

    Raises:
        UsageError: If it cannot be read, others may read it, or a line is no key.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     path = Path(folder) / "keys"
        ...     path.touch(mode=0o600)
        ...     _ = path.write_text("camera 0123456789abcdef")
        ...     ApiKeys(path).owner("0123456789abcdef")
        'camera'
    """

    def __init__(self, path: Path) -> None:
        try:
            mode = path.stat().st_mode
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"the keys in {path} cannot be read: {getattr(error, 'strerror', None) or error}"
            ) from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(
                f"others than its owner may read or change {path}, which holds keys; say: chmod 600 {path}"
            )
        self._owners: dict[bytes, str] = {}
        for number, line in enumerate(lines, 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if len(words) > 2 or len(words[-1]) < SHORTEST:
                raise UsageError(f"{path}, line {number}: expected a name and a key of {SHORTEST} characters or more")
            self._owners[_digest(words[-1])] = words[0] if len(words) == 2 else f"key {number}"
        if not self._owners:
            raise UsageError(
                f"there is no key in {path}; a line each: a name and a key of {SHORTEST} characters or more"
            )

    def owner(self, key: str) -> str | None:
        """Whose key it is; None: nobody's. What is looked up is a digest, of which no part can be found by trying."""
        return self._owners.get(_digest(key))

    def of_headers(self, headers: Mapping[str, str]) -> str | None:
        """Whose key a request's headers carry, as `Authorization: Bearer KEY` or `X-API-Key: KEY`."""
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            key = headers.get("x-api-key", "")
        return self.owner(key.strip())


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
