"""Where OpenVINO keeps what it compiled, so that the next start takes a quarter of the time."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path

from striate.user_cache import CachedFile, cached_files, kind_folder

KEPT = 20
"""How many graphs' compilations are kept: those used last."""
KEPT_BYTES = 4 << 30
"""What they may take together, but for the one used last."""

_OURS = re.compile(r"[0-9a-f]{24}-[\w.]+-\w+")


def compiled_folder(digest: str, *, version: str, precision: str) -> Path | None:
    """The folder for a graph's compilation in the user's cache, made if need be; None if it cannot be written, or is not ours.

    What lies there is run, and OpenVINO writes there under names that can be foretold: nobody else may write there.
    OpenVINO itself tells processors and settings apart by the files it puts there.

    Args:
        digest: Of the graph and its weights.
        version: OpenVINO's.
        precision: Such as `"fp32"`.
    """
    root = kind_folder("compiled")
    folder = root / f"{digest[:24]}-{version.partition('-')[0]}-{precision}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not _is_ours(folder):
            return None
        folder.chmod(0o700)
        os.utime(folder)
        forget_oldest(root)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder of this user, not a link to one."""
    status = folder.lstat()
    return stat.S_ISDIR(status.st_mode) and (not hasattr(os, "geteuid") or status.st_uid == os.geteuid())


def forget_oldest(root: Path) -> None:
    """Removes what was compiled for all but the folders that were used last, and these where they become empty."""
    files: dict[Path, list[CachedFile]] = {path: [] for path in root.iterdir() if _OURS.fullmatch(path.name)}
    for file in cached_files("compiled"):
        if file.path.parent in files:
            files[file.path.parent].append(file)
    taken = 0
    folders = sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)
    for place, folder in enumerate(folders):
        taken += sum(file.size for file in files[folder])
        if place < KEPT and (taken <= KEPT_BYTES or place == 0):
            continue
        with contextlib.suppress(OSError):
            for file in files[folder]:
                file.path.unlink()
            folder.rmdir()  # unless somebody put something else there
