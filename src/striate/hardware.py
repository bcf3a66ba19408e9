"""What a process runs on: the processor's name, and how many of them there are for it, which is often fewer than the machine has."""

from __future__ import annotations

import contextlib
import os
import platform
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")


def use_at_most(processors: int) -> None:
    """From now on this process takes no more processors than that, so that others beside it have theirs."""
    _SHARE["most"] = processors


_SHARE: dict[str, int] = {}
"""Of the process, where it was told to leave some to others."""


def available_processors() -> int:
    """How many processors this process may use: its affinity mask, its control groups' limits, and its share where it was given one.

    A container that may use two of a host's 64 processors is told of 64 by `os.cpu_count`, and as many threads would get in each
    other's way.

    Source: Linux kernel, Documentation/admin-guide/cgroup-v2.rst, `cpu.max`; Documentation/scheduler/sched-bwc.rst for the first version.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    for limit in group_limits():
        count = min(count, max(1, round(limit)))
    return min(count, _SHARE.get("most", count))


def group_limits() -> list[float]:
    """Processors that each control group above this process allows; none where there are no groups."""
    limits = []
    for folder in own_folders():
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
            if quota != "max":
                limits.append(int(quota) / int(period))
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            quota_us = int((folder / "cpu.cfs_quota_us").read_text(encoding="ascii"))
            if quota_us > 0:  # -1 is no limit
                limits.append(quota_us / int((folder / "cpu.cfs_period_us").read_text(encoding="ascii")))
    return limits


def own_folders() -> list[Path]:
    """The folders of this process's control groups and of those above them, up to the root that it can see."""
    folders = [GROUPS, GROUPS / "cpu"]
    with contextlib.suppress(OSError, ValueError):
        for line in OWN_GROUPS.read_text(encoding="utf-8").splitlines():
            _, controllers, group = line.split(":", 2)
            if controllers and "cpu" not in controllers.split(","):
                continue
            root = GROUPS / "cpu" if controllers else GROUPS
            place = root / group.lstrip("/")
            while place != root and root in place.parents:
                folders.append(place)
                place = place.parent
    return folders


def describe_processor() -> str:
    """The processor's name, as the system has it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []  # another system than Linux
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
