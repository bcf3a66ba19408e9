"""Bytes of shards: of files on this machine, or behind any address that fsspec knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from striate.errors import DataError, UsageError


class ShardFiles(Protocol):
    """The files of one folder of shards; may be asked by several threads, and in a forked process."""

    @property
    def location(self) -> str:
        """Where they are."""

    def names(self) -> list[str]:
        """All files there, sorted.

        Raises:
            OSError: They cannot be listed.
        """

    def whole(self, name: str) -> bytes | None:
        """All of a file; None if there is none."""

    def part(self, name: str, offset: int, size: int) -> bytes:
        """`size` bytes of a file from `offset` on; fewer where it ends before.

        Raises:
            OSError: They cannot be read.
        """

    def open(self, name: str) -> BinaryIO:
        """A file to read from its beginning, that can seek."""

    def state(self, name: str) -> tuple[int, bytes]:
        """Bytes of a file, and what changes when it does: its times, or its tag."""


class LocalShardFiles:
    """Files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def location(self) -> str:
        """The folder."""
        return str(self._folder)

    def names(self) -> list[str]:
        """All files there, sorted."""
        return sorted(path.name for path in self._folder.iterdir() if path.is_file())

    def whole(self, name: str) -> bytes | None:
        """All of a file; None if there is none."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def part(self, name: str, offset: int, size: int) -> bytes:
        """Some bytes of a file."""
        with (self._folder / name).open("rb", buffering=0) as file:
            file.seek(offset)
            return file.read(size)

    def open(self, name: str) -> BinaryIO:
        """A file to read."""
        return (self._folder / name).open("rb")

    def state(self, name: str) -> tuple[int, bytes]:
        """Its size and times."""
        status = (self._folder / name).stat()
        return status.st_size, f"{status.st_mtime_ns} {status.st_ctime_ns}".encode()


class RemoteShardFiles:
    """Files behind an address, such as `s3://bucket/shards`, by fsspec.

    Args:
        address: With its protocol.

    Raises:
        UsageError: No package for the protocol is installed.
    """

    def __init__(self, address: str) -> None:
        import fsspec

        try:
            system, root = fsspec.core.url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise UsageError(f"{address} cannot be read: {error}") from error
        self.location = address
        self._system: Any = system
        self._root = str(root).rstrip("/")

    def names(self) -> list[str]:
        """All files there, sorted."""
        found = self._system.ls(self._root, detail=True)
        return sorted(one["name"].rpartition("/")[2] for one in found if one["type"] == "file")

    def whole(self, name: str) -> bytes | None:
        """All of a file; None if there is none."""
        try:
            return cast(bytes, self._system.cat_file(f"{self._root}/{name}"))
        except FileNotFoundError:
            return None

    def part(self, name: str, offset: int, size: int) -> bytes:
        """Some bytes of a file."""
        return cast(bytes, self._system.cat_file(f"{self._root}/{name}", start=offset, end=offset + size))

    def open(self, name: str) -> BinaryIO:
        """A file to read."""
        return cast(BinaryIO, self._system.open(f"{self._root}/{name}", "rb"))

    def state(self, name: str) -> tuple[int, bytes]:
        """Its size, and its tag or time."""
        told = self._system.info(f"{self._root}/{name}")
        mark = next((told[key] for key in ("ETag", "etag", "mtime", "LastModified", "created") if told.get(key)), "")
        return int(told["size"]), str(mark).encode()


def is_remote(location: str) -> bool:
    """Whether a location is an address whose protocol fsspec knows, `http` and `https` left out: a page is no folder.

    Example:
        >>> [is_remote(place) for place in ("s3://bucket/shards", "memory://shards", "https://example.org/x", "shards")]
        [True, True, False, False]
    """
    protocol, sign, _ = location.partition("://")
    if not sign or protocol.lower() in ("http", "https"):
        return False
    from fsspec.registry import known_implementations

    return protocol.lower() in known_implementations


def shard_files(location: str | Path) -> ShardFiles:
    """The files at a path or an address."""
    return (
        RemoteShardFiles(location)
        if isinstance(location, str) and is_remote(location)
        else LocalShardFiles(Path(location))
    )


def whole_index(files: ShardFiles, name: str) -> bytes | None:
    """An index file, if there is one.

    Raises:
        DataError: It is there and cannot be read.
    """
    try:
        return files.whole(name)
    except OSError as error:
        raise DataError(f"cannot read {name} in {files.location}: {error}") from error
