"""Files that are written whole or not at all.

What is not whole yet lies beside its place, under a name that ends in `.partial` and that nobody can foretell, made anew:
a file or link that stands there is never written through. When it is whole it is renamed into place. There

- a file that is overwritten keeps its mode, and its group where the system lets us; a new one has the mode that the
  user's umask gives;
- a link is replaced by the file, and what it pointed to stays as it was: whoever can put a link into a folder chooses no
  file elsewhere;
- a device or a named pipe, such as `/dev/stdout`, is written into.

The one other kind is a `GrowingFile`: rows of long work, of which those that were written before it was killed count.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from striate.errors import UsageError

PARTIAL_ENDING = ".partial"
"""How the names end of files and folders that are not whole yet."""

_NAME_KEPT = 40  # characters of a file's name that its unfinished file's shows; with all of them it could be too long
_LEFT_OVER = re.compile(r"\.(?P<name>.*)\.(?P<process>[1-9]\d{0,9})\.[0-9a-f]{16}\b.*\.partial", re.DOTALL)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_AS_IT_IS = getattr(os, "O_BINARY", 0)


def check_writable(path: str | Path, *, endings: Collection[str] = ()) -> None:
    """Finds before any work is done what would keep a file from being written.

    Args:
        path: Where it is to be written.
        endings: What its name may end in, such as `.png`, in lower case; any where none is given.

    Raises:
        UsageError: If the ending is another, the folder does not exist or cannot be written, or the file is a folder.

    Example:
        >>> check_writable("field.gif", endings=[".png", ".svg"])
        Traceback (most recent call last):
        striate.errors.UsageError: cannot write field.gif: expected a name that ends in .png, .svg, got '.gif'
    """
    path = Path(path)
    if endings and path.suffix.lower() not in endings:
        ending = repr(path.suffix) if path.suffix else "no ending"
        raise UsageError(
            f"cannot write {path}: expected a name that ends in {', '.join(sorted(endings))}, got {ending}"
        )
    if not path.parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no folder {path.parent}")
    if path.is_dir():
        raise UsageError(f"cannot write {path}: it is a folder")
    if _is_written_into(path):
        if not os.access(path, os.W_OK):
            raise UsageError(f"cannot write {path}: there is no permission to write into it")
    elif not os.access(path.parent, os.W_OK):
        raise UsageError(f"cannot write {path}: there is no permission to write in {path.parent}")


def write_durably(path: Path, content: bytes) -> None:
    """Writes a file under a temporary name beside its place, flushes it to the disk, and renames it into place.

    What was at `path` before stays as it was until the new file is whole, even if the power goes.

    Args:
        path: The file; its folder must exist.
        content: All of it.

    Raises:
        OSError: If the disk is full or the folder cannot be written; nothing is left behind.
    """
    with whole_file(path) as file:
        file.write(content)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file that a reader finds whole at any time, old or new, but that may be lost when the power goes.

    For what is written again and again: it costs no wait for the disk.

    Args:
        path: The file; its folder must exist.
        content: All of it.

    Raises:
        OSError: If the disk is full or the folder cannot be written; nothing is left behind.
    """
    with whole_file(path, durably=False) as file:
        file.write(content)


@contextlib.contextmanager
def whole_file(path: Path, *, durably: bool = True, ending: str = PARTIAL_ENDING) -> Iterator[BinaryIO]:
    """A file to write into, which is at `path` once the block has ended, and nowhere if it ends in an error.

    Args:
        path: The file; its folder must exist.
        durably: Whether to wait until it is on the disk.
        ending: Of its name while it is not whole.

    Raises:
        OSError: If the disk is full or the folder cannot be written; it names `path`.
    """
    if _is_written_into(path):
        with path.open("ab") as file:
            yield file
        return
    temporary = _name_beside(path, ending)
    try:
        with os.fdopen(_open_new(temporary, _file_at(path)), "wb") as file:
            yield file
            if durably:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and str(error.filename) in ("None", str(temporary)):
            error.filename, error.filename2 = str(path), None  # the name that was asked for, not that of the moment
        raise


class GrowingFile:
    """A file in its place that whole pieces, such as rows, are added to, for one process at a time.

    Killed at any moment it holds what was added before, and perhaps the beginning of the next piece, which `end_at` takes away. It is never
    a link's target. A block that makes it and ends in an error before anything was added leaves none.

    Args:
        path: The file; it is made if it is not there.

    Raises:
        UsageError: If another process adds to it, or there is no ordinary file at the place.
        OSError: If it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise UsageError(f"cannot add to {path}: it is no ordinary file")
        self._made = not path.exists()
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _NO_LINK | _AS_IT_IS, 0o666)
        try:
            self._lock()
        except BaseException:
            os.close(self._descriptor)
            raise
        self.size = os.fstat(self._descriptor).st_size

    def __enter__(self) -> GrowingFile:
        return self

    def __exit__(self, *error: object) -> None:
        if self._made and not self.size and error[0] is not None:
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def end_at(self, size: int) -> None:
        """Takes away all bytes from `size` on."""
        os.ftruncate(self._descriptor, size)
        self.size = size

    def add(self, piece: bytes) -> None:
        """Adds a piece, so that others see it at once.

        Raises:
            OSError: If the disk is full; nothing of the piece is left then, and the error names the file.
        """
        rest = memoryview(piece)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                self.end_at(self.size)
            error.filename = str(self.path)
            raise
        self.size += len(piece)

    def keep(self) -> None:
        """Waits until all that was added is on the disk."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            error.filename = str(self.path)
            raise

    def _lock(self) -> None:
        """Keeps other processes out; the system forgets it with the process."""
        if sys.platform == "win32":
            return
        import fcntl

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"cannot add to {self.path}: another process is writing it") from None
        except OSError:  # a file system without locks
            return


@contextlib.contextmanager
def folder_beside(path: Path) -> Iterator[Path]:
    """A folder of our own beside a place, for what is to go there; it is removed at the end.

    Nobody else can put a link into it, so that a folder can be filled in it, and programs that take a file's name can
    write there. Files go into place by `move_into_place`.

    Args:
        path: The place; the folder that it is in must exist.

    Raises:
        OSError: If it cannot be made; it names `path`.
    """
    sweep(path.parent, of=path.name)
    prefix = _name_beside(path, ".").name
    try:
        folder = tempfile.TemporaryDirectory(
            dir=path.parent, prefix=prefix, suffix=PARTIAL_ENDING, ignore_cleanup_errors=True
        )
    except OSError as error:
        error.filename = str(path)
        raise
    with folder as name:
        yield Path(name)


@contextlib.contextmanager
def scratch_folder(purpose: str) -> Iterator[Path]:
    """A folder in the system's place for temporary files, which is removed at the end.

    What processes that were killed left there for the same purpose is removed at the beginning.

    Args:
        purpose: A word, which its name shows.

    Raises:
        OSError: If it cannot be made.

    Example:
        >>> with scratch_folder("example") as folder:
        ...     is_left_over(folder.name), folder.is_dir()
        (True, True)
        >>> folder.exists()
        False
    """
    with folder_beside(Path(tempfile.gettempdir()) / f"striate-{purpose}") as folder:
        yield folder


def sweep(folder: Path, *, of: str = "") -> None:
    """Removes what killed processes left unfinished in a folder; what a living one may be writing stays, and so do links.

    Args:
        folder: Where; what is below it is not looked at.
        of: The name whose unfinished files are meant; by default those of every name.
    """
    if not hasattr(os, "fork"):  # elsewhere nothing tells whether a process lives without ending it
        return
    with contextlib.suppress(OSError):
        for entry in list(os.scandir(folder)):
            found = _LEFT_OVER.fullmatch(entry.name)
            if not found or entry.is_symlink() or _lives(int(found["process"])):
                continue
            if of and found["name"] != of[:_NAME_KEPT]:
                continue
            with contextlib.suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    shutil.rmtree(entry.path)
                else:
                    Path(entry.path).unlink()


def is_left_over(name: str) -> bool:
    """Whether a name is that of something unfinished."""
    return _LEFT_OVER.fullmatch(name) is not None


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)  # sends nothing
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True  # another user's
    return True


def move_into_place(moves: Sequence[tuple[Path, Path]]) -> None:
    """Renames files of `folder_beside` that belong together to their places, in order, once all of them are on the disk.

    Raises:
        OSError: If one cannot be written; files of before are as they were, and new ones are none.
    """
    files = [(temporary, path) for temporary, path in moves if not _is_written_into(path)]
    for temporary, path in files:
        with temporary.open("r+b") as file:
            if (replaced := _file_at(path)) is not None:
                _take_over(file.fileno(), replaced)
            os.fsync(file.fileno())
    made: list[Path] = []
    try:
        for temporary, path in moves:
            if _is_written_into(path):
                with path.open("ab") as file:
                    file.write(temporary.read_bytes())
                continue
            made += [] if os.path.lexists(path) else [path]
            temporary.replace(path)  # only a new name takes room on the disk
    except OSError:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _name_beside(path: Path, ending: str) -> Path:
    """A name that nobody can foretell; the process's number tells whose it was, where that was killed."""
    return path.with_name(f".{path.name[:_NAME_KEPT]}.{os.getpid()}.{secrets.token_hex(8)}{ending}")


def _open_new(path: Path, replaced: os.stat_result | None) -> int:
    """Makes a file that was not there, with the mode of the one that it will replace."""
    # Nobody reads it before it has that mode: what it replaces may be secret.
    mode = 0o666 if replaced is None else 0o600
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK | _AS_IT_IS, mode)
    if replaced is not None:
        _take_over(descriptor, replaced)
    return descriptor


def _file_at(path: Path) -> os.stat_result | None:
    """What the system says of the file at a place; None if there is none, or a link."""
    try:
        there = path.lstat()
    except FileNotFoundError:
        return None
    return there if stat.S_ISREG(there.st_mode) else None


def _take_over(descriptor: int, replaced: os.stat_result) -> None:
    """Gives an open file the mode and group of the one that it replaces, as far as the system lets us."""
    if not hasattr(os, "fchmod"):  # Windows, where a folder says who may read
        return
    mode = stat.S_IMODE(replaced.st_mode) & 0o777
    with contextlib.suppress(OSError):  # a file system may know no modes
        if os.fstat(descriptor).st_gid != replaced.st_gid:
            try:
                os.fchown(descriptor, -1, replaced.st_gid)
            except OSError:
                mode &= ~0o070  # another group does not get what this one was given
        os.fchmod(descriptor, mode)


def _is_written_into(path: Path) -> bool:
    """Whether a place is a device, a pipe, or one of the system's names for an open file."""
    try:
        kind = path.lstat().st_mode
    except OSError:
        return False
    folder = path.absolute().parent
    return (
        stat.S_ISCHR(kind)
        or stat.S_ISFIFO(kind)
        or folder in (Path("/dev"), Path("/dev/fd"))
        or folder.is_relative_to("/proc")
    )
