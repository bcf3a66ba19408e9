"""Where OpenVINO keeps what it compiled, so that the next start takes a quarter of the time."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

import platformdirs

KEPT = 20
"""How many graphs' compilations are kept: those used last."""


def compiled_folder(digest: str, *, version: str, precision: str) -> Path | None:
    """The folder for a graph's compilation in the user's cache, made if need be; None if it cannot be written, or is not ours.

    What lies there is run, and OpenVINO writes there under names that can be foretold: nobody else may write there.
    OpenVINO itself tells processors and settings apart by the files it puts there.

    Args:
        digest: Of the graph and its weights.
        version: OpenVINO's.
        precision: Such as `"fp32"`.
    """
    root = platformdirs.user_cache_path("striate") / "compiled"
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
    """Removes all but the folders that were used last."""
    folders = sorted(root.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in folders[KEPT:]:
        with contextlib.suppress(OSError):
            shutil.rmtree(folder)
